"""Constant tables: grids on the sphere, points of the read-out, rows of an edge frame (escn.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .config import ESCNConfig
from .harmonics import solid_harmonics


class Grid(NamedTuple):
    """Matrices from coefficients to values at points, [G, rows], and back, [rows, G].

    Points are ordered by latitude, of which there are as many as said.
    """

    to: np.ndarray
    back: np.ndarray
    latitudes: int


class WithTables(nn.Module):
    """A module with constants that are exact in whatever precision it is cast to."""

    _exact: dict[str, np.ndarray]

    def __init__(self) -> None:
        super().__init__()
        self._exact = {}

    def table(self, name: str, value: np.ndarray) -> None:
        """Keep float64 ``value`` as a buffer that is in no state dict."""
        self._exact[name] = value
        buffer = torch.tensor(value, dtype=torch.get_default_dtype())
        self.register_buffer(name, buffer, persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        result = super()._apply(fn, recurse)
        for name, value in self._exact.items():
            cast = getattr(self, name)
            if cast.dtype == torch.float64 and not cast.is_meta:
                setattr(self, name, torch.tensor(value, dtype=cast.dtype, device=cast.device))
        return result


def frame_rows(lmax: int, mmax: int) -> list[int]:
    """Packed rows in the frame of an edge: m = 0 by l, then for m = 1 .. those of +m, of -m."""
    rows = [degree * degree + degree for degree in range(lmax + 1)]
    for m in range(1, mmax + 1):
        for sign in (1, -1):
            rows += [d * d + d + sign * m for d in range(m, lmax + 1)]
    return rows


def orders_of(degree: int, mmax: int) -> int:
    """Number of the orders 0, 1, ... that features up to a degree have in the frame of an edge."""
    return min(degree, mmax) + 1


def sphere_grid(config: ESCNConfig, mmax: int, rows: list[int]) -> Grid:
    """The grid for orders up to ``mmax``, between values and the packed ``rows``."""
    beta_count = config.resolution or 2 * (config.lmax + 1)
    alpha_count = config.resolution or 2 * mmax + (3 if config.lmax == mmax else 1)
    beta = (np.arange(beta_count) + 0.5) * np.pi / beta_count
    alpha = np.arange(alpha_count) * 2 * np.pi / alpha_count
    points = np.stack(
        [np.outer(np.sin(beta), f) for f in (np.sin(alpha), np.ones_like(alpha), np.cos(alpha))], -1
    )
    points[:, :, 1] = np.cos(beta)[:, None]
    odd = 2 * np.arange(beta_count // 2) + 1
    series = (np.sin(np.outer(beta, odd)) / odd).sum(1)
    weights = 8 * np.pi / (alpha_count * beta_count) * np.sin(beta) * series
    to = solid_harmonics(config.lmax, points.reshape(-1, 3))[:, rows]
    if config.rescale_grid:
        degree = np.floor(np.sqrt(rows))
        to = to * np.where(degree > mmax, np.sqrt((2 * degree + 1) / (2 * mmax + 1)), 1.0)
    back = (to * np.repeat(weights, alpha_count)[:, None]).T.copy()
    return Grid(to, back, beta_count)


def sphere_points(count: int) -> np.ndarray:
    """Fibonacci points times density weights: near the unit sphere, not on it. [G, 3]."""
    index = np.arange(count)
    theta = 2 * np.pi * index / ((1 + np.sqrt(5)) / 2)
    polar = np.arccos(1 - 2 * (index + 0.5) / count)
    points = np.stack(
        [np.cos(theta) * np.sin(polar), np.sin(theta) * np.sin(polar), np.cos(polar)], 1
    )
    squared = ((points[:, None] - points[None]) ** 2).sum(-1)
    weights = 1 / np.exp(-squared / 0.15).sum(1)
    return points * (weights * count / weights.sum())[:, None]
