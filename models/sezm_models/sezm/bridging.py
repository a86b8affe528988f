"""ZBL bridging: at short range a pair potential takes over from the learned part (sezm.md 3.12)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..neighbor_rows import ROW_WIDTH, NeighborRows, sum_to_targets

# Ziegler-Biersack-Littmark universal screening; Coulomb constant in eV Angstrom, as in the origin.
COULOMB = 14.3996
SCREENING_LENGTH = 0.88534 * 0.5291772109
SCREENING_EXPONENT = 0.23
SCREENING = (
    (0.18175, 3.1998),
    (0.50986, 0.94229),
    (0.28022, 0.4029),
    (0.028171, 0.20162),
)


class BridgingWindow(NamedTuple):
    """Distances between which the learned part is switched, Angstrom."""

    r_inner: float
    r_outer: float


def clamp_distance(r: Tensor, window: BridgingWindow) -> Tensor:
    """r outside the window, r_inner below it, smooth (C3) between."""
    width = window.r_outer - window.r_inner
    t = _window_position(r, window)
    t2 = t * t
    inside = window.r_inner + width * t2 * t2 * (20.0 + t * (-45.0 + t * (36.0 - 10.0 * t)))
    return torch.where(r >= window.r_outer, r, inside)


def atom_gate(r: Tensor, rows: NeighborRows, window: BridgingWindow) -> Tensor:
    """Gate of each atom: the product of s(r) over its neighbours.

    Over the edges towards the atom, not those from it: in a graph that ends somewhere, atoms at
    the end have the former only.

    Args:
        r: [S, 1] clamped lengths.
        rows: edges.
        window: of the switch s, 0 at r_inner and 1 at r_outer.

    Returns:
        [N, 1]; 0 where any factor is 0.
    """
    t = _window_position(r, window)
    t2 = t * t
    switch = t2 * t2 * (35.0 + t * (-84.0 + t * (70.0 - 20.0 * t)))
    closed = switch <= 0
    log_switch = torch.log(torch.where(closed, torch.ones_like(switch), switch))
    factors = torch.cat([log_switch, closed.to(r.dtype)], 1).reshape(-1, ROW_WIDTH, 2)
    sums = sum_to_targets(factors.sum(1), rows)
    return torch.where(sums[:, 1:] > 0.5, torch.zeros_like(sums[:, :1]), torch.exp(sums[:, :1]))


def zbl_table(n_elements: int) -> Tensor:
    """Z and Z^0.23 of each atomic number from 0: [n_elements + 1, 2] float64."""
    z = torch.arange(n_elements + 1, dtype=torch.float64)
    return torch.stack([z, z**SCREENING_EXPONENT], 1)


def zbl_pair_energy(r: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Screened nuclear repulsion of each pair in eV.

    Args:
        r: [...] float64, Angstrom.
        source: [..., 2] rows of :func:`zbl_table`.
        target: [..., 2], likewise; broadcast against ``source``.
    """
    both = source + target
    x = r * both[..., 1] * (1.0 / SCREENING_LENGTH)
    screening = torch.zeros_like(r)
    for amplitude, decay in SCREENING:
        screening = screening + amplitude * torch.exp(-decay * x)
    return COULOMB * source[..., 0] * target[..., 0] / r * screening


def _window_position(r: Tensor, window: BridgingWindow) -> Tensor:
    scale = 1.0 / (window.r_outer - window.r_inner)
    return torch.clamp((r - window.r_inner) * scale, 0.0, 1.0)
