"""eSCN files with forces and virial as derivatives of the energy, beyond what fairchem gives."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
import torch
from agreement import assert_agree
from escn_models import escn, escn_content
from random_inputs import random_inputs
from sezm_export import EagerSession, export
from sezm_models.escn.energy_model import ESCNEnergyModel

from sezm_infer import SezmCalculator
from sezm_infer.sessions import Session, open_session

STEP = 1e-5
"""Angstrom, or strain; functions of the distance are but 0.02 Angstrom wide."""

TOLERANCE = 1e-6
"""Of a central difference, relative to the largest derivative."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("escn") / "model.zip"
    torch.save(escn_content("l3m1"), path)
    return path


@pytest.fixture(scope="module")
def session() -> Session:
    return EagerSession.from_model(ESCNEnergyModel(escn("l3m1"), "conservative"))


@pytest.fixture
def crystal() -> ase.Atoms:
    """No pair of atoms is within a step of the cutoff, 4 Angstrom, where the energy jumps."""
    positions = [(0.1, 0.0, 0.2), (1.3, 1.1, 0.4), (2.5, 0.3, 2.1), (0.6, 2.4, 2.0)]
    cell = [(3.4, 0.0, 0.0), (0.7, 3.6, 0.0), (-0.4, 0.5, 3.9)]
    return ase.Atoms("CHOSi", positions, cell=cell, pbc=True)


def energy(atoms: ase.Atoms, session: Session) -> float:
    atoms.calc = SezmCalculator(session)
    return atoms.get_potential_energy()


def test_forces_are_the_derivative_of_the_energy(crystal: ase.Atoms, session: Session) -> None:
    crystal.calc = SezmCalculator(session)
    forces = crystal.get_forces()
    assert np.abs(forces.sum(0)).max() < 1e-12 * np.abs(forces).max()
    for atom, axis in ((0, 0), (1, 2), (3, 1)):
        energies = []
        for sign in (1, -1):
            moved = crystal.copy()
            moved.positions[atom, axis] += sign * STEP
            energies.append(energy(moved, session))
        found = -(energies[0] - energies[1]) / (2 * STEP)
        assert abs(found - forces[atom, axis]) < TOLERANCE * np.abs(forces).max()


def test_virial_is_the_derivative_of_the_energy(crystal: ase.Atoms, session: Session) -> None:
    crystal.calc = SezmCalculator(session)
    stress = crystal.get_stress(voigt=False) * crystal.get_volume()
    for row, column in ((0, 0), (1, 2), (2, 0)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[row, column] += sign * STEP / 2
            strain[column, row] += sign * STEP / 2
            strained = crystal.copy()
            strained.set_cell(crystal.cell.array @ strain, scale_atoms=True)
            energies.append(energy(strained, session))
        found = (energies[0] - energies[1]) / (2 * STEP)
        assert abs(found - stress[row, column]) < TOLERANCE * np.abs(stress).max()


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_files_equal_the_model_at_all_sizes(
    suffix: str, checkpoint: Path, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / f"model{suffix}"
    metadata = export(checkpoint, file, forces="conservative")
    assert metadata.forces_kind == "conservative"
    assert metadata.summary["asked_for"] == {"forces": "conservative"}
    assert "virial" in [spec.name for spec in metadata.outputs]
    found = open_session(file)
    for seed, sizes in enumerate(((1, 0, 1), (3, 7, 2), (24, 500, 3))):
        inputs = random_inputs(*sizes, dtype="float64", seed=seed, sort=False)
        assert_agree(found.run(inputs), session.run(inputs), inputs)


def test_energies_are_those_of_the_direct_model(crystal: ase.Atoms, session: Session) -> None:
    direct = EagerSession.from_model(ESCNEnergyModel(escn("l3m1")))
    assert energy(crystal, session) == pytest.approx(energy(crystal, direct), rel=1e-13)
