"""What a NequIP model knows of each chemical element (nequip.md)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..elements import N_ELEMENTS, SYMBOLS
from .config import DatasetInfo, NequipConfig


class ElementTables(NamedTuple):
    """Tables by atomic number; padding (0) is species 0 of energy 0.

    Attributes:
        elements: symbols that the model knows.
        species: [N_ELEMENTS + 1] int64, number of the species.
        energies: [N_ELEMENTS + 1] float64, eV, of single atoms; NaN for unknown elements.
    """

    elements: tuple[str, ...]
    species: Tensor
    energies: Tensor


def element_tables(config: NequipConfig, info: DatasetInfo, head: int) -> ElementTables:
    """Those of one read-out head."""
    maps = info.atomic_energies_map
    energies = maps[head if len(maps) > 1 else 0]
    species = torch.zeros(N_ELEMENTS + 1, dtype=torch.int64)
    table = torch.full((N_ELEMENTS + 1,), float("nan"), dtype=torch.float64)
    table[0] = 0.0
    known = []
    for index, number in enumerate(info.atomic_numbers):
        if number in energies or not config.add_atomic_energies:
            known.append(SYMBOLS[number - 1])
            species[number] = index
            table[number] = energies[number] if config.add_atomic_energies else 0.0
    return ElementTables(tuple(known), species, table)
