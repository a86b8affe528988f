"""The page about FusedTensor: its model becomes files that are right, and invariant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ase
import numpy as np
import pytest

from sezm_infer import SezmCalculator

STEP = 1e-2
"""Angstrom, of finite differences of fourth order in single precision."""


@pytest.fixture
def folder(page_folder: Callable[[str], Path]) -> Path:
    """Where the page's code has run."""
    return page_folder("fused_tensor.md")


def cluster() -> ase.Atoms:
    rng = np.random.default_rng(0)
    sites = np.stack(np.meshgrid(*[np.arange(2)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return ase.Atoms("OHHOHHOH", 1.8 * sites + rng.uniform(-0.2, 0.2, (8, 3)))


@pytest.mark.parametrize("name", ["density.onnx", "density.pt"])
def test_energies_are_invariant_and_forces_their_derivative(folder: Path, name: str) -> None:
    atoms = cluster()
    atoms.calc = SezmCalculator(folder / name)
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    moved = {}
    for shift in (-2, -1, 1, 2):
        atoms.positions[2, 1] += shift * STEP
        moved[shift] = atoms.get_potential_energy()
        atoms.positions[2, 1] -= shift * STEP
    slope = (8 * (moved[1] - moved[-1]) - (moved[2] - moved[-2])) / (12 * STEP)
    assert forces[2, 1] == pytest.approx(-slope, abs=2e-3 * np.abs(forces).max())
    atoms.rotate(50, (1, 2, 3))
    assert atoms.get_potential_energy() == pytest.approx(energy, rel=1e-5)


def test_the_coupling_sees_angles(folder: Path) -> None:
    """Of two neighbours, too far from each other to be neighbours themselves."""
    calculator = SezmCalculator(folder / "density.onnx")
    energies = []
    for angle in (150.0, 178.0):
        atoms = ase.Atoms("HOH", [[2.1, 0, 0], [0, 0, 0], [0, 2.1, 0]])
        atoms.set_angle(0, 1, 2, angle)
        assert atoms.get_distance(0, 2) > calculator.session.metadata.cutoff
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())
    assert abs(energies[0] - energies[1]) > 1e-5
