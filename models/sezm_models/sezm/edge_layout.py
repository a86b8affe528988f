"""Shapes and constants of a block's edge stage (see :mod:`.edge_messages`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .degrees import degree_of_rows, frame_rows, n_rows


@dataclass(frozen=True)
class EdgeLayout:
    """What the shapes of the tensors do not say.

    Attributes:
        lmax, mmax: L and M of the block.
        per_channel: radial features multiply the degrees of each channel (modulation "none");
            otherwise they are entries of kernels that mix degrees, of all channels alike.
    """

    lmax: int
    mmax: int
    per_channel: bool

    @property
    def columns(self) -> int:
        """D = (L+1)^2, packed rows of features."""
        return n_rows(self.lmax)

    @cached_property
    def orders(self) -> tuple[int, ...]:
        """m = 0, -1, +1, -2, ..."""
        return (0, *(sign * m for m in range(1, self.mmax + 1) for sign in (-1, 1)))

    @cached_property
    def counts(self) -> list[int]:
        """Rows of each order in the frame of the edge: degrees |m| .. L."""
        return [self.lmax - abs(m) + 1 for m in self.orders]

    @cached_property
    def rows(self) -> int:
        """F, rows of all orders."""
        return sum(self.counts)

    @property
    def weights_per_layer(self) -> int:
        """Matrices of a layer, without its gate: one of m = 0, three of each pair of orders."""
        return 1 + 3 * self.mmax

    def n_layers(self, n_weights: int) -> int:
        """Number of layers that have so many matrices; all but the last have a gate."""
        return (n_weights + 1) // (self.weights_per_layer + 1)


class EdgeConstants(NamedTuple):
    """Matrices of 0 and 1 for a layout; r is the rank of the kernels.

    Attributes:
        wigner_row: [F] int64, row of the Wigner matrix for each frame row.
        same_degree: [F, D] whether a frame row and a packed row have the same degree.
        expand: [Z, F r D] entry of the kernels for each element of frame row, rank, packed row;
            empty if per channel.
        sum_degrees: of each order [n_m r D, D], sums over frame rows of an order, and ranks.
        sum_same_degree: of each order [n_m D, D], the same with ``same_degree`` multiplied in.
    """

    wigner_row: Tensor
    same_degree: Tensor
    expand: Tensor
    sum_degrees: list[Tensor]
    sum_same_degree: list[Tensor]


def edge_constants(layout: EdgeLayout, rank: int, like: Tensor) -> EdgeConstants:
    """In the dtype and on the device of ``like``; on the CPU if that has no numbers."""
    device = torch.device("cpu") if like.is_meta else like.device
    return _constants(layout, rank, like.dtype, device)


@lru_cache(maxsize=64)
def _constants(
    layout: EdgeLayout, rank: int, dtype: torch.dtype, device: torch.device
) -> EdgeConstants:
    rows = frame_rows(layout.lmax, layout.mmax)
    degrees = np.array([degree for degree, _ in rows])
    wigner_row = np.array([2 * abs(m) - (m < 0) for _, m in rows])
    packed = np.array(degree_of_rows(layout.lmax))
    same = degrees[:, None] == packed
    identity = np.eye(layout.columns)
    by_order = np.split(same, np.cumsum(layout.counts)[:-1])

    def made(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)

    return EdgeConstants(
        wigner_row=torch.from_numpy(wigner_row).to(device),
        same_degree=made(same),
        expand=made(_expand(layout, rank)),
        sum_degrees=[made(np.tile(identity, (n * rank, 1))) for n in layout.counts],
        sum_same_degree=[
            made((block[:, :, None] * identity).reshape(-1, layout.columns)) for block in by_order
        ],
    )


def _expand(layout: EdgeLayout, rank: int) -> np.ndarray:
    """The matrix that copies entries (offset_m + l_in L_m + l_out) r + p to rows (m, l_out),
    columns (p, d) with l_in the degree of d; degrees of an order m count from |m|."""
    if layout.per_channel:
        return np.zeros((0, 0))
    sizes = [layout.lmax - m + 1 for m in range(layout.mmax + 1)]
    offsets = np.cumsum([0, *(n * n for n in sizes)])
    packed = degree_of_rows(layout.lmax)
    matrix = np.zeros((offsets[-1], rank, layout.rows, rank, layout.columns))
    for row, (l_out, order) in enumerate(frame_rows(layout.lmax, layout.mmax)):
        m = abs(order)
        for column, l_in in enumerate(packed):
            if l_in >= m:
                entry = offsets[m] + (l_in - m) * sizes[m] + l_out - m
                for p in range(rank):
                    matrix[entry, p, row, p, column] = 1.0
    return matrix.reshape(offsets[-1] * rank, -1)
