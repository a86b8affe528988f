"""The ASE calculator: derivatives, ASE's conventions, and reuse between steps."""

from __future__ import annotations

import copy
from pathlib import Path

import ase
import numpy as np
import pytest
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from toy_files import toy_metadata, toy_reference, write_toy_onnx

from sezm_infer import SezmCalculator, SezmError, open_session


def test_forces_are_the_derivative_of_the_energy(toy_file: Path, structure: ase.Atoms) -> None:
    structure.calc = SezmCalculator(toy_file)
    forces = structure.get_forces()
    numerical = calculate_numerical_forces(structure, eps=1e-4)
    np.testing.assert_allclose(forces, numerical, atol=1e-6, rtol=0)


def test_stress_is_the_derivative_of_the_energy(toy_file: Path, crystal: ase.Atoms) -> None:
    crystal.set_cell([[10, 0.3, 0], [0.9, 10.5, -0.4], [1.2, 0.1, 11]], scale_atoms=True)
    crystal.calc = SezmCalculator(toy_file)
    stress = crystal.get_stress()
    numerical = calculate_numerical_stress(crystal, eps=1e-5)
    np.testing.assert_allclose(stress, numerical, atol=1e-8, rtol=0)
    assert np.abs(stress).min() > 1e-5  # all six components are put to the test


def test_results_have_ase_names_and_shapes(toy_onnx: Path, crystal: ase.Atoms) -> None:
    crystal.calc = SezmCalculator(toy_onnx)
    energy, forces, virial = toy_reference(crystal)
    assert crystal.get_potential_energy() == pytest.approx(energy)
    assert crystal.get_potential_energy(force_consistent=True) == pytest.approx(energy)
    assert crystal.get_potential_energies().sum() == pytest.approx(energy)
    np.testing.assert_allclose(crystal.get_forces(), forces, atol=1e-12, rtol=0)
    xx, yy, zz, yz, xz, xy = crystal.get_stress()
    voigt = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    np.testing.assert_allclose(voigt, -virial / crystal.get_volume(), atol=1e-12, rtol=0)


def test_stresses_of_atoms_add_up_to_the_stress(crystal: ase.Atoms, tmp_path: Path) -> None:
    path = write_toy_onnx(tmp_path / "toy.onnx", toy_metadata(atom_virial=True))
    crystal.calc = SezmCalculator(path)
    stresses = crystal.get_stresses()
    assert stresses.shape == (64, 6)
    np.testing.assert_allclose(stresses.sum(axis=0), crystal.get_stress(), atol=1e-12, rtol=0)


def test_files_without_atom_virial_have_no_stresses(toy_onnx: Path, crystal: ase.Atoms) -> None:
    crystal.calc = SezmCalculator(toy_onnx)
    with pytest.raises(PropertyNotImplementedError):
        crystal.get_stresses()


def test_stress_needs_a_volume(toy_onnx: Path) -> None:
    atoms = ase.Atoms("OH", positions=[[0, 0, 0], [1, 0, 0]], calculator=SezmCalculator(toy_onnx))
    atoms.get_potential_energy()
    with pytest.raises(PropertyNotImplementedError, match="cell with a volume"):
        atoms.get_stress()


def test_a_session_may_be_shared(toy_onnx: Path, crystal: ase.Atoms) -> None:
    session = open_session(toy_onnx)
    other = crystal.copy()
    crystal.calc, other.calc = SezmCalculator(session), SezmCalculator(session, skin=0.0)
    other.rattle(0.1)
    assert crystal.get_potential_energy() != other.get_potential_energy()


def test_the_skin_saves_searches_and_changes_nothing(toy_onnx: Path, crystal: ase.Atoms) -> None:
    session = open_session(toy_onnx)
    with_skin, without = SezmCalculator(session, skin=1.0), SezmCalculator(session, skin=0.0)
    for step in range(10):
        crystal.rattle(0.02, seed=step)
        crystal.calc = with_skin
        forces, stress = crystal.get_forces(), crystal.get_stress()
        crystal.calc = without
        np.testing.assert_array_equal(crystal.get_forces(), forces)
        np.testing.assert_array_equal(crystal.get_stress(), stress)
    assert (with_skin.neighbors.searches, without.neighbors.searches) == (1, 10)


@pytest.mark.parametrize("change", ["positions", "numbers", "cell", "pbc", "atoms"])
def test_every_change_of_the_structure_is_seen(
    toy_onnx: Path, crystal: ase.Atoms, change: str
) -> None:
    crystal.calc = SezmCalculator(toy_onnx)
    before = crystal.get_potential_energy()
    if change == "positions":
        crystal.positions[0, 0] += 0.1
    elif change == "numbers":
        crystal.numbers[0] = 1
    elif change == "cell":
        crystal.cell[0, 0] += 0.1
    elif change == "pbc":
        crystal.pbc[2] = False
    else:
        del crystal[0]
    assert crystal.get_potential_energy() != before
    assert crystal.get_potential_energy() == pytest.approx(toy_reference(crystal)[0])


def test_a_structure_in_place_of_the_last_one_is_computed_anew(
    toy_onnx: Path, crystal: ase.Atoms
) -> None:
    calculator = SezmCalculator(toy_onnx)
    calculator.get_property("energy", crystal)
    calculator.atoms = crystal.copy()
    calculator.atoms.symbols[0] = "H"
    moved = calculator.atoms.copy()
    moved.positions[3, 0] += 0.1
    assert calculator.get_property("energy", moved) == pytest.approx(toy_reference(moved)[0])


def test_results_and_copies_stay_as_they_were_when_atoms_move_on(
    toy_onnx: Path, crystal: ase.Atoms
) -> None:
    crystal.calc = SezmCalculator(toy_onnx)
    crystal.get_forces()
    results, positions = crystal.calc.results, crystal.calc.atoms.positions
    before = copy.deepcopy(results), positions.copy()
    crystal.positions += np.random.default_rng(0).normal(scale=0.05, size=(64, 3))
    crystal.set_velocities(np.ones((64, 3)))
    crystal.get_forces()
    np.testing.assert_equal((results, positions), before)
    np.testing.assert_array_equal(crystal.calc.atoms.positions, crystal.positions)
    np.testing.assert_array_equal(crystal.calc.atoms.get_velocities(), crystal.get_velocities())


def test_an_unchanged_structure_is_not_computed_again(toy_onnx: Path, crystal: ase.Atoms) -> None:
    crystal.calc = SezmCalculator(toy_onnx)
    forces = crystal.calc.get_property("forces", crystal)
    crystal.set_velocities(np.ones((64, 3)))
    assert not crystal.calc.calculation_required(crystal, ["forces"])
    np.testing.assert_array_equal(crystal.calc.get_property("forces", crystal), forces)


def test_bad_structures_are_refused(toy_onnx: Path, crystal: ase.Atoms) -> None:
    crystal.calc = SezmCalculator(toy_onnx)
    crystal.positions[3, 1] = np.nan
    with pytest.raises(SezmError, match="atom 3"):
        crystal.get_forces()
