"""Structures as LAMMPS holds them: cells in its standard orientation, atoms inside."""

from __future__ import annotations

import ase
import numpy as np
from recorded import BUNDLED, recorded

ZOO = BUNDLED.parent
"""Folder of the bundled model."""

VACUUM = 10.0


def gas(elements: tuple[str, ...] = ("O", "H"), count: int = 40, length: float = 22.0) -> ase.Atoms:
    """Atoms strewn over a box, none closer than 1.8 Angstrom."""
    rng = np.random.default_rng(1)
    positions: list[np.ndarray] = []
    while len(positions) < count:
        trial = rng.uniform(0, length, 3)
        apart = [np.linalg.norm((trial - p + length / 2) % length - length / 2) for p in positions]
        if min(apart, default=9.0) > 1.8:
            positions.append(trial)
    symbols = [elements[n % len(elements)] for n in range(count)]
    return ase.Atoms(symbols, positions, cell=np.eye(3) * length, pbc=True)


def small_cell(elements: tuple[str, ...] = ("O", "H")) -> ase.Atoms:
    """A skewed cell, much smaller than the cutoff."""
    cell = [[3.4, 0, 0], [0.6, 3.6, 0], [-0.5, 0.7, 3.9]]
    return ase.Atoms(list(elements[:2]), [[0.1, 0.1, 0.1], [1.5, 1.4, 1.6]], cell=cell, pbc=True)


def recorded_structure(configuration: str, system: str) -> ase.Atoms:
    """A system of the reference data; axes that are not periodic get a box with room."""
    case = recorded(configuration, system)
    atoms = ase.Atoms(case.atomic_numbers, case.pos, cell=case.cell, pbc=case.pbc)
    if not case.pbc.all():
        atoms.center(VACUUM / 2, axis=[axis for axis in range(3) if not case.pbc[axis]])
    standard, _ = atoms.cell.standard_form()
    atoms.set_cell(standard, scale_atoms=True)
    atoms.wrap()
    return atoms
