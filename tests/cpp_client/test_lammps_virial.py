"""The virial is the derivative of the energy by the cell, on one rank and on several."""

from __future__ import annotations

import ase
import numpy as np
import pytest
from exported_files import ExportedFiles
from lammps_runs import Block, Lammps
from lammps_structures import gas
from test_lammps import BAR

STEP = 1e-3  # Angstrom
ENTRIES = [(0, 0), (1, 1), (2, 2), (1, 0), (2, 0), (2, 1)]  # of the cell: xx yy zz xy xz yz

CHANGE = (
    "change_box all x final 0 {0[0][0]} y final 0 {0[1][1]} z final 0 {0[2][2]} {1} remap "
    "units box\nrun 0\n"
)
TILT = "xy final {0[1][0]} xz final {0[2][0]} yz final {0[2][1]}"


def orthogonal() -> ase.Atoms:
    return gas(count=10, length=8.0)


def skewed() -> ase.Atoms:
    atoms = gas(count=10, length=8.0)
    atoms.set_cell([[8, 0, 0], [1.1, 8.3, 0], [-0.7, 0.9, 7.8]], scale_atoms=True)
    return atoms


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("make", [orthogonal, skewed])
def test_pressure_is_the_numerical_derivative(
    lammps: Lammps, exported: ExportedFiles, make, ranks: int
) -> None:
    atoms = make()
    cell = atoms.cell.array
    entries = ENTRIES if make is skewed else ENTRIES[:3]
    changes = []
    commands = "run 0\n"
    for entry in entries:
        for sign in (1, -1):
            change = np.zeros((3, 3))
            change[entry] = sign * STEP
            changes.append(change)
            changed = (cell + change).tolist()
            tilt = TILT.format(changed) if make is skewed else ""
            commands += CHANGE.format(changed, tilt)
    block = Block(atoms, exported.path("tiny", atom_virial=True), commands)
    (result,) = lammps.run(block, ranks=ranks)
    first, *others = result.tables
    xx, yy, zz, xy, xz, yz = (first[f"P{a}"][0] for a in "xx yy zz xy xz yz".split())
    pressure = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    virial = pressure * atoms.cell.volume / BAR["metal"]
    energies = np.array([table["PotEng"][0] for table in others])
    slopes = (energies[::2] - energies[1::2]) / (2 * STEP)
    # rows of the cell change by cell @ strain: dE = -virial : strain
    expected = [-np.sum(virial * (np.linalg.inv(cell) @ change)) / STEP for change in changes[::2]]
    np.testing.assert_allclose(slopes, expected, atol=2e-6 * np.abs(virial).max(), rtol=0)
    assert np.abs(slopes).max() > 1e-3
