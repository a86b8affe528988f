"""Magnetic models of both schemes equal DeePMD-kit's recorded numbers, and obey physics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from magnetic import evaluate_edges, evaluate_magnetic
from random_checkpoint import checkpoint_from_manifest, read_manifest
from recorded import (
    FLOAT32_TOLERANCE,
    FLOAT64_TOLERANCE,
    SPIN_CONFIGURATIONS,
    assert_agrees,
    edges,
    model,
    recorded,
    systems_of,
)
from scipy.spatial.transform import Rotation
from sezm_models import CheckpointError
from sezm_models.sezm.reader import model_from_checkpoint

CASES = [(name, system) for name in SPIN_CONFIGURATIONS for system in systems_of(name)]

DEEPSPIN = [name for name in SPIN_CONFIGURATIONS if "deepspin" in name]

EACH_SCHEME = ("spin_native_so3", "spin_native_zbl", "spin_deepspin", "spin_deepspin_far")

SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O"}

STEP = 1e-4
"""Angstrom, or unit of spin, for central differences."""


def molecule(name: str):
    return model(name, torch.float64), recorded(name, "molecule9")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("name", "system"), CASES)
def test_a_magnetic_model_equals_the_trainer(name: str, system: str, dtype: torch.dtype) -> None:
    case = recorded(name, system, dtype)
    found = evaluate_magnetic(model(name, dtype), case)
    tolerance = FLOAT64_TOLERANCE if dtype == torch.float64 else FLOAT32_TOLERANCE
    assert_agrees(found[:4], case, tolerance)


@pytest.mark.parametrize("name", EACH_SCHEME)
def test_magnetic_forces_are_the_slope_of_the_energy(name: str) -> None:
    net, case = molecule(name)
    spins, found = case.conditioning["spins"], evaluate_magnetic(net, case)
    for atom, axis in ((0, 0), (3, 2), (6, 1), (8, 0)):
        shift = np.zeros_like(spins)
        shift[atom, axis] = STEP
        above, below = (evaluate_magnetic(net, case, spins=spins + s) for s in (shift, -shift))
        slope = (above.atom_energy.sum() - below.atom_energy.sum()) / (2 * STEP)
        assert found.magnetic_forces[atom, axis] == pytest.approx(-slope, abs=1e-6)


@pytest.mark.parametrize("name", EACH_SCHEME)
def test_forces_are_the_slope_of_the_energy_at_fixed_spins(name: str) -> None:
    net, case = molecule(name)
    found = evaluate_magnetic(net, case)
    for atom, axis in ((1, 0), (5, 2)):
        shift = np.zeros_like(case.pos)
        shift[atom, axis] = STEP
        above, below = (evaluate_magnetic(net, case, pos=case.pos + s) for s in (shift, -shift))
        slope = (above.atom_energy.sum() - below.atom_energy.sum()) / (2 * STEP)
        assert found.forces[atom, axis] == pytest.approx(-slope, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", ["spin_native_so3", "spin_deepspin"])
def test_the_virial_is_the_strain_derivative_at_fixed_spins(name: str) -> None:
    net, case = model(name, torch.float64), recorded(name, "skewed5")
    found = evaluate_magnetic(net, case).virial
    for row, column in ((0, 0), (1, 2)):
        # G (x) r: the strain that moves coordinate `row` in proportion to coordinate `column`.
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[column, row] += sign * 1e-5
            moved = evaluate_magnetic(net, case, pos=case.pos @ strain, cell=case.cell @ strain)
            energies.append(moved.atom_energy.sum())
        slope = (energies[0] - energies[1]) / 2e-5
        assert found[row, column] == pytest.approx(-slope, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", EACH_SCHEME)
def test_turning_positions_and_spins_together_turns_forces_alone(name: str) -> None:
    net, case = molecule(name)
    turn = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
    spins, before = case.conditioning["spins"], evaluate_magnetic(net, case)
    after = evaluate_magnetic(net, case, pos=case.pos @ turn.T, spins=spins @ turn.T)
    scale = np.abs(before.forces).max()
    np.testing.assert_allclose(after.atom_energy, before.atom_energy, rtol=0, atol=1e-10)
    np.testing.assert_allclose(after.forces, before.forces @ turn.T, rtol=0, atol=1e-10 * scale)
    turned = before.magnetic_forces @ turn.T
    np.testing.assert_allclose(after.magnetic_forces, turned, rtol=0, atol=1e-9)
    spins_alone = evaluate_magnetic(net, case, spins=spins @ turn.T)
    assert np.abs(spins_alone.atom_energy - before.atom_energy).max() > 1e-4


@pytest.mark.parametrize("name", SPIN_CONFIGURATIONS)
def test_no_spins_are_zero_spins_and_finite(name: str) -> None:
    net, case = molecule(name)
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff, net.max_neighbors)
    zero = evaluate_magnetic(net, case, spins=np.zeros((9, 3)))
    batch, natoms = torch.zeros(9, dtype=torch.int64), torch.tensor([9])
    structure = (torch.tensor(case.atomic_numbers), batch, natoms)
    energy = net(*structure, torch.tensor(index), torch.tensor(vec))
    np.testing.assert_array_equal(energy.numpy(), zero.atom_energy)
    assert all(np.isfinite(value).all() for value in zero)


@pytest.mark.parametrize("name", EACH_SCHEME)
def test_an_isolated_atom_without_a_spin_has_no_magnetic_force(name: str) -> None:
    no_edges = np.zeros((2, 0), dtype=int), np.zeros((0, 3))
    found = evaluate_edges(model(name, torch.float64), np.array([8]), *no_edges, np.zeros((1, 3)))
    assert np.isfinite(found.atom_energy).all()
    assert np.abs(found.magnetic_forces).max() < 1e-12


@pytest.mark.parametrize("name", ["spin_native", "spin_deepspin_exclusions"])
def test_spins_of_types_without_a_moment_count_for_nothing(name: str) -> None:
    net, case = molecule(name)
    spin = net.config.spin
    magnetic = [spin.magnetic[net.elements.index(SYMBOLS[z])] for z in case.atomic_numbers]
    others = ~np.array(magnetic)
    assert others.any()
    assert not others.all()
    spins = case.conditioning["spins"] + 3.0 * others[:, None]
    found, before = evaluate_magnetic(net, case, spins=spins), evaluate_magnetic(net, case)
    np.testing.assert_array_equal(found.atom_energy, before.atom_energy)
    assert not found.magnetic_forces[others].any()


@pytest.mark.parametrize("name", ["spin_native", "spin_deepspin", "spin_deepspin_far"])
def test_padding_atoms_and_edges_beyond_the_cutoff_contribute_nothing(name: str) -> None:
    net, case = molecule(name)
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    numbers = np.append(case.atomic_numbers, [0, 0])
    spins = np.append(case.conditioning["spins"], [[0.3, 0.1, 0.2], [0.0, 0.0, 0.0]], axis=0)
    # Partners of atoms beyond the cutoff may well be inside: they must not count either.
    far = np.array([[net.cutoff + 0.01, 0.0, 0.0], [net.cutoff, 0, 0], [0, 2.0 * net.cutoff, 0]])
    padded_index = np.append(index, [[0, 2, 0], [1, 3, 0]], axis=1)
    before = evaluate_magnetic(net, case)
    found = evaluate_edges(net, numbers, padded_index, np.append(vec, far, axis=0), spins)
    np.testing.assert_allclose(found.atom_energy[:9], before.atom_energy, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.forces[:9], before.forces, rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        found.magnetic_forces[:9], before.magnetic_forces, atol=1e-10, rtol=0
    )
    assert not found.edge_gradient[len(vec) :].any()
    assert not found.magnetic_forces[9:].any()


@pytest.mark.parametrize("name", ["spin_native", "spin_deepspin"])
def test_unknown_elements_are_not_a_number(name: str) -> None:
    net, case = molecule(name)
    numbers = np.append(case.atomic_numbers[:8], 79)
    found = evaluate_magnetic(net, replace(case, atomic_numbers=numbers))
    assert np.isnan(found.atom_energy).tolist() == [False] * 8 + [True]


def test_the_nearest_neighbors_are_those_that_count() -> None:
    net, case = model("spin_deepspin_sel", torch.float64), recorded("spin_deepspin_sel", "skewed5")
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    found = evaluate_edges(net, case.atomic_numbers, index, vec, case.conditioning["spins"])
    assert net.max_neighbors == 7
    assert np.bincount(index[1]).max() > 7
    assert np.abs(found.atom_energy - case.atom_energy).max() > 1e-3


@pytest.mark.parametrize("name", SPIN_CONFIGURATIONS)
def test_a_magnetic_model_tells_what_it_takes(name: str) -> None:
    net = model(name, torch.float64)
    assert net.conditioning == {"spins": 3}
    assert net.conditioning_defaults == {}
    assert (net.max_neighbors is not None) == (name in DEEPSPIN)
    assert net.configuration["spin"]["scheme"] == ("deepspin" if name in DEEPSPIN else "native")


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"scheme": "heisenberg", "use_spin": [True, False]}, "heisenberg"),
        ({"scheme": "native"}, "use_spin"),
        ({"scheme": "native", "use_spin": [True]}, "use_spin"),
        ({"scheme": "native", "use_spin": [2]}, "use_spin"),
        ({"use_spin": [True, False]}, "virtual_scale"),
        ({"use_spin": [True, False], "virtual_scale": [0.1, 0.2, 0.3]}, "virtual_scale"),
        ({"use_spin": [True, False], "virtual_scale": 0.3, "length": 2.0}, "length"),
    ],
)
def test_a_spin_section_that_is_not_understood_is_refused_by_name(section, named: str) -> None:
    content = checkpoint_from_manifest(read_manifest("spin_deepspin"))
    content["model"]["_extra_state"]["model_params"]["spin"] = section
    with pytest.raises(CheckpointError, match=named):
        model_from_checkpoint(content, None, None, "file.pt")


def test_native_spin_needs_a_degree_for_vectors() -> None:
    content = checkpoint_from_manifest(read_manifest("spin_native"))
    content["model"]["_extra_state"]["model_params"]["descriptor"]["lmax"] = 0
    with pytest.raises(CheckpointError, match="lmax"):
        model_from_checkpoint(content, None, None, "file.pt")
