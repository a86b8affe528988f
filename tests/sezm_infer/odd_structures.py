"""Cells, periodicities and sizes that a neighbour list has to get right, by name."""

from __future__ import annotations

from collections.abc import Callable

import ase
import numpy as np


def _random_atoms(n: int, cell: list[list[float]], pbc: tuple[bool, ...], seed: int) -> ase.Atoms:
    rng = np.random.default_rng(seed)
    fractions = rng.random((n, 3)) * 3 - 1  # also outside of the cell
    box = ase.cell.Cell(cell).complete().array
    symbols = (["O", "H", "H"] * n)[:n]
    return ase.Atoms(symbols, positions=fractions @ box, cell=cell, pbc=pbc)


STRUCTURES: dict[str, Callable[[], ase.Atoms]] = {
    "crystal": lambda: _random_atoms(12, [[6, 0, 0], [0, 7, 0], [0, 0, 8]], (True,) * 3, 0),
    "small skewed cell": lambda: _random_atoms(
        3, [[2.5, 0, 0], [1.8, 2.6, 0], [-1.2, 1.4, 2.7]], (True,) * 3, 1
    ),
    "left-handed cell": lambda: _random_atoms(
        6, [[0, 5, 0], [5.5, 0, 0], [0, 0, 6]], (True,) * 3, 2
    ),
    "slab": lambda: _random_atoms(8, [[4, 0, 0], [1, 5, 0], [0, 0, 20]], (True, True, False), 3),
    "slab without third vector": lambda: _random_atoms(
        8, [[4, 0, 0], [1, 5, 0], [0, 0, 0]], (True, True, False), 4
    ),
    "wire along y": lambda: _random_atoms(
        6, [[9, 0, 0], [0, 3, 0], [0, 0, 9]], (False, True, False), 5
    ),
    "molecule": lambda: _random_atoms(5, [[1.5, 0, 0], [0, 1.5, 0], [0, 0, 1.5]], (False,) * 3, 6),
    "isolated atom": lambda: ase.Atoms("O"),
    "atom and its images": lambda: ase.Atoms("O", cell=[2, 3, 3.5], pbc=True),
    "distant atoms": lambda: ase.Atoms("OH", positions=[[0, 0, 0], [3e6, 0, 0]]),
    "huge cell": lambda: ase.Atoms(
        "OHH", positions=[[0, 0, 0], [1, 0, 0], [-1, 0, 0.5]], cell=[1e6, 1e6, 10], pbc=True
    ),
}
