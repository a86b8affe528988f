"""Forces and virial of the flat function are the derivatives that the contract says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from random_inputs import Inputs, molecule, random_inputs
from sezm_export import EagerSession
from toy_model import ToyModel

STEP = 1e-5
FINITE_DIFFERENCE = 1e-8
EXACT = 1e-12


@pytest.fixture(scope="module")
def session() -> EagerSession:
    return EagerSession.from_model(ToyModel(torch.float64), atom_virial=True)


def cluster(displacement: np.ndarray | float = 0.0, strain: np.ndarray | float = 0.0) -> Inputs:
    rng = np.random.default_rng(1)
    positions = rng.normal(size=(5, 3)) * 1.2 + displacement
    return molecule(positions @ (np.eye(3) + strain), np.array([1, 6, 8, 1, 6]), cutoff=4.0)


def energy(session: EagerSession, inputs: Inputs) -> float:
    return float(session.run(inputs)["energy"].sum())


def central_difference(session: EagerSession, plus: Inputs, minus: Inputs) -> float:
    return (energy(session, plus) - energy(session, minus)) / (2 * STEP)


def test_forces_are_finite_differences(session):
    forces = session.run(cluster())["forces"]
    for atom, axis in np.ndindex(forces.shape):
        shift = np.zeros_like(forces)
        shift[atom, axis] = STEP
        slope = central_difference(session, cluster(shift), cluster(-shift))
        assert forces[atom, axis] == pytest.approx(-slope, abs=FINITE_DIFFERENCE)


def test_virial_is_finite_difference_by_strain(session):
    virial = session.run(cluster())["virial"][0]
    for row, column in np.ndindex(3, 3):
        strain = np.zeros((3, 3))
        strain[column, row] = STEP  # vector @ strain: row of the virial is the derivative
        slope = central_difference(session, cluster(strain=strain), cluster(strain=-strain))
        assert virial[row, column] == pytest.approx(-slope, abs=FINITE_DIFFERENCE)


def test_atom_virials_sum_to_virial(session):
    outputs = session.run(random_inputs(9, 50, 1))
    np.testing.assert_allclose(outputs["atom_virial"].sum(0), outputs["virial"][0], rtol=EXACT)


def test_batch_is_its_systems(session):
    first, second = cluster(), cluster(strain=0.05 * np.eye(3))
    count = len(first["pos"])
    joined = {name: np.concatenate([first[name], second[name]]) for name in first}
    joined["batch"] = np.repeat([0, 1], count)
    joined["edge_index"] = np.concatenate(
        [first["edge_index"], second["edge_index"] + count], axis=1
    )
    together = session.run(joined)
    for system, inputs in enumerate((first, second)):
        alone = session.run(inputs)
        atoms = slice(system * count, (system + 1) * count)
        assert together["energy"][system] == pytest.approx(alone["energy"][0], rel=EXACT)
        np.testing.assert_allclose(
            together["virial"][system], alone["virial"][0], atol=EXACT, rtol=0
        )
        np.testing.assert_allclose(together["forces"][atoms], alone["forces"], atol=EXACT, rtol=0)


def test_masked_atoms_count_for_nothing_but_feel_forces(session):
    """As ghosts of another rank: no energy of their own, a force from their neighbours' energy."""
    inputs = cluster()
    inputs["atom_mask"] = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    outputs = session.run(inputs)
    full = session.run(cluster())
    np.testing.assert_array_equal(outputs["atom_energy"][[1, 4]], 0.0)
    kept = full["atom_energy"][[0, 2, 3]]
    assert outputs["energy"][0] == pytest.approx(kept.sum(), rel=EXACT)
    shift = np.zeros((5, 3))
    shift[1, 0] = STEP
    moved = [cluster(sign * shift) | {"atom_mask": inputs["atom_mask"]} for sign in (1, -1)]
    slope = central_difference(session, *moved)
    assert abs(slope) > 1e-3
    assert outputs["forces"][1, 0] == pytest.approx(-slope, abs=FINITE_DIFFERENCE)


def test_unknown_element_gives_nan_unless_masked(session):
    inputs = random_inputs(4, 0)
    inputs["atomic_numbers"][2] = 9
    assert np.isnan(session.run(inputs)["energy"][0])
    inputs["atom_mask"][2] = 0.0
    assert np.isfinite(session.run(inputs)["energy"][0])


class _Constant(ToyModel):
    """Does not look at edges at all."""

    def forward(self, atomic_numbers, batch, natoms, edge_index, edge_vec):
        return self.shift[atomic_numbers] + 2.0


def test_model_without_edges_has_no_forces():
    outputs = EagerSession.from_model(_Constant(torch.float64)).run(random_inputs(3, 4))
    assert outputs["energy"][0] == 6.0
    np.testing.assert_array_equal(outputs["forces"], 0.0)
