"""Energy of partial charges (nequip.md, "Read-out and outputs")."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..neighbor_rows import ROW_WIDTH, NeighborRows, gather_sources, sum_to_targets
from ..segments import segment_sum

VACUUM_PERMITTIVITY = 5.5263494e-3
"""e / (V Angstrom), with the digits of mlip."""

SOFT_RANGE = 5.0
"""Angstrom; below it the interaction turns into that of smeared charges."""


def neutralised(
    raw: Tensor, charge: Tensor, atomic_numbers: Tensor, batch: Tensor, natoms: Tensor
) -> Tensor:
    """Charges that add up to the total charge of each system.

    Args:
        raw: [N] charges as read out, e.
        charge: [B, 1] total charge, e.
        atomic_numbers: [N]; padding atoms (0) have no charge.
        batch: [N] system of each atom.
        natoms: [B] atoms of each system.
    """
    real = (atomic_numbers != 0).to(raw.dtype)
    excess = segment_sum(raw * real, batch, natoms.shape[0]) - charge[:, 0]
    per_atom = excess / natoms.clamp(min=1).to(raw.dtype)
    return (raw - per_atom.index_select(0, batch)) * real


def coulomb_energy(charges: Tensor, rows: NeighborRows, cutoff: float) -> Tensor:
    """Interaction of each atom with its neighbours, the whole of each directed edge at its target.

    Args:
        charges: [N], e.
        rows: neighbours, among them all within the cutoff.
        cutoff: Angstrom; the interaction ends there, not smoothly.

    Returns:
        [N] float64, eV.
    """
    charges = charges.to(torch.float64)
    vec = rows.vec.to(torch.float64)
    r = torch.sqrt((vec * vec).sum(1))
    x = torch.clamp(r / SOFT_RANGE, max=1.0)
    soft = 1.0 + x**3 * (-10.0 + x * (15.0 - 6.0 * x))
    potential = soft / torch.sqrt(r * r + 1.0) + (1.0 - soft) / r
    potential = torch.where(r < cutoff, potential, torch.zeros_like(r))
    sources = gather_sources(charges.unsqueeze(1), rows).squeeze(1)
    at_target = sum_to_targets((sources * potential).reshape(-1, ROW_WIDTH).sum(1), rows)
    return charges * at_target * (1.0 / (4.0 * math.pi * VACUUM_PERMITTIVITY))
