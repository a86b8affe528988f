"""Files of models with extra inputs, magnetic forces, direct forces and limited neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from agreement import assert_agree
from random_inputs import Inputs, molecule, random_inputs, with_extra_inputs
from sezm_export import EagerSession, export_model, verification
from sezm_export.describe import describe
from sezm_export.verification_systems import verification_systems
from toy_conditioned import ConditionedToy, DirectToy, MagneticToy
from toy_model import ToyModel

from sezm_infer.contract import CHARGES, INPUTS, SPINS, signature
from sezm_infer.errors import SezmError
from sezm_infer.sessions import open_session

KINDS = (ConditionedToy, MagneticToy, DirectToy)
SUFFIXES = (".pt", ".onnx")
DTYPES = {"float32": torch.float32, "float64": torch.float64}
SIZES = ((1, 0, 1), (2, 2, 1), (3, 7, 2), (24, 500, 5), (192, 9000, 3))  # N, E, B
STEP = 1e-5
FINITE_DIFFERENCE = 1e-8


def inputs_for(kind: type[ToyModel], *sizes: int, dtype: str = "float64", seed: int = 0) -> Inputs:
    return with_extra_inputs(random_inputs(*sizes, dtype=dtype, seed=seed), kind.conditioning, seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_files_equal_eager_with_other_values_for_each_system(toy_file, kind, suffix, dtype):
    session = open_session(toy_file(suffix, dtype, kind), threads=1)
    eager = EagerSession.from_model(kind(DTYPES[dtype]))
    for seed, sizes in enumerate(SIZES):
        inputs = inputs_for(kind, *sizes, dtype=dtype, seed=seed)
        assert_agree(session.run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
def test_static_files_equal_eager(tmp_path, kind, suffix):
    file = tmp_path / f"static{suffix}"
    metadata = export_model(kind(torch.float64), file, static=(30, 900))
    shapes = {spec.name: spec.shape for spec in metadata.inputs[len(INPUTS) :]}
    rows = {"charge_spin": 1, "fparam": 1, "aparam": 30, "spins": 30}
    assert shapes == {name: (rows[name], width) for name, width in kind.conditioning.items()}
    session = open_session(file, threads=1)
    eager = EagerSession.from_model(kind(torch.float64))
    for sizes in ((1, 0), (24, 500), (30, 900)):
        inputs = inputs_for(kind, *sizes)
        assert_agree(session.run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_says_what_the_model_says(toy_file, kind):
    metadata = open_session(toy_file(".onnx", "float64", kind), threads=1).metadata
    extra = metadata.inputs[len(INPUTS) :]
    assert {spec.name: spec.shape[1] for spec in extra} == kind.conditioning
    assert metadata.input_defaults == kind.conditioning_defaults
    assert metadata.forces_kind == kind.forces_kind
    assert metadata.max_neighbors == kind.max_neighbors


def test_order_of_inputs_and_outputs():
    """As FORMAT.md has it, whatever the order in which a model lists them."""
    all_of_them = {"spins": 3, "aparam": 2, "fparam": 1, "charge_spin": 2}
    specs = signature(all_of_them, "conservative", atom_virial=True)
    assert [s.name for s in specs.inputs[len(INPUTS) :]] == [
        "charge_spin",
        "fparam",
        "aparam",
        "spins",
    ]
    assert [s.name for s in specs.outputs] == [
        "energy",
        "forces",
        "virial",
        "atom_energy",
        "magnetic_forces",
        "atom_virial",
    ]
    direct = signature(all_of_them, "direct").outputs
    assert [s.name for s in direct] == ["energy", "forces", "atom_energy"]


def test_systems_of_a_batch_have_their_own_values():
    eager = EagerSession.from_model(ConditionedToy(torch.float64))
    inputs = inputs_for(ConditionedToy, 24, 0, 3)
    together = eager.run(inputs)
    for system in range(3):
        atoms = inputs["batch"] == system
        rows = {name: inputs[name][system : system + 1] for name in ("charge_spin", "fparam")}
        alone = random_inputs(int(atoms.sum()), 0) | rows
        alone["atomic_numbers"] = inputs["atomic_numbers"][atoms]
        alone["aparam"] = inputs["aparam"][atoms]
        assert together["energy"][system] == pytest.approx(eager.run(alone)["energy"][0])


def cluster(spins: np.ndarray, displacement: np.ndarray | float = 0.0) -> Inputs:
    rng = np.random.default_rng(1)
    positions = rng.normal(size=(5, 3)) * 1.2 + displacement
    return molecule(positions, np.array([1, 6, 8, 1, 6]), cutoff=4.0) | {"spins": spins}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_magnetic_forces_are_finite_differences(toy_file, suffix):
    session = open_session(toy_file(suffix, "float64", MagneticToy), threads=1)
    spins = np.random.default_rng(2).normal(size=(5, 3))
    outputs = session.run(cluster(spins))
    step = np.zeros((5, 3))
    for atom, axis in np.ndindex(5, 3):
        step[:] = 0.0
        step[atom, axis] = STEP
        for name, plus, minus in (
            ("magnetic_forces", cluster(spins + step), cluster(spins - step)),
            ("forces", cluster(spins, step), cluster(spins, -step)),
        ):
            energies = [session.run(inputs)["energy"][0] for inputs in (plus, minus)]
            slope = (energies[0] - energies[1]) / (2 * STEP)
            assert outputs[name][atom, axis] == pytest.approx(-slope, abs=FINITE_DIFFERENCE)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_magnetic_models_have_virials_of_atoms_too(tmp_path, suffix):
    model = MagneticToy(torch.float64)
    file = tmp_path / f"model{suffix}"
    export_model(model, file, atom_virial=True)
    inputs = inputs_for(MagneticToy, 24, 500, 2)
    eager = EagerSession.from_model(model, atom_virial=True)
    assert_agree(open_session(file, threads=1).run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_direct_forces_are_those_of_the_model(toy_file, suffix):
    inputs = random_inputs(9, 40)
    model = DirectToy(torch.float64)
    arguments = ("atomic_numbers", "batch", "natoms", "edge_index", "edge_vec")
    energy, forces = model.energy_and_forces(
        **{name: torch.from_numpy(inputs[name]) for name in arguments}
    )
    outputs = open_session(toy_file(suffix, "float64", DirectToy), threads=1).run(inputs)
    assert list(outputs) == ["energy", "forces", "atom_energy"]
    np.testing.assert_allclose(outputs["forces"], forces, atol=1e-12, rtol=0)
    np.testing.assert_allclose(outputs["atom_energy"], energy, atol=1e-12, rtol=0)
    assert np.abs(outputs["forces"].sum(0)).max() > 1e-3


def test_masked_atoms_have_no_direct_forces():
    inputs = random_inputs(6, 20)
    inputs["atomic_numbers"][3] = 9  # NaN in the model
    inputs["atom_mask"][3] = 0.0
    outputs = EagerSession.from_model(DirectToy(torch.float64)).run(inputs)
    np.testing.assert_array_equal(outputs["forces"][3], 0.0)
    assert outputs["atom_energy"][3] == 0.0


def test_direct_forces_have_no_virials_of_atoms(tmp_path):
    with pytest.raises(SezmError, match="without --atom-virial"):
        export_model(DirectToy(torch.float64), tmp_path / "model.onnx", atom_virial=True)
    assert list(tmp_path.iterdir()) == []


def test_files_are_proven_with_other_values_for_each_system():
    systems = verification_systems(describe(ConditionedToy(torch.float64), ""))
    rows = np.concatenate([system.inputs["charge_spin"] for system in systems])
    assert len(np.unique(rows, axis=0)) > 8
    assert (rows == rows.round()).all()
    for column, (smallest, largest) in zip(rows.T, (CHARGES, SPINS), strict=True):
        assert smallest <= column.min() < column.max() <= largest
    magnetic = verification_systems(describe(MagneticToy(torch.float64), ""))
    assert all(np.abs(system.inputs["spins"]).min(axis=1).all() for system in magnetic)


def test_files_are_proven_with_truncated_neighbours():
    metadata = describe(DirectToy(torch.float64), "")
    for system in verification_systems(metadata):
        counts = np.bincount(system.inputs["edge_index"][1])
        assert counts.max(initial=0) <= metadata.max_neighbors


class _Wrong:
    """A file whose magnetic forces are off by 1e-4, or that takes one system's charge for all."""

    def __init__(self, path, threads):
        self._session = open_session(path, threads=threads)

    def run(self, inputs):
        if "charge_spin" in inputs:
            rows = np.zeros_like(inputs["charge_spin"]) + inputs["charge_spin"][0]
            inputs = inputs | {"charge_spin": rows}
        outputs = self._session.run(inputs)
        if "magnetic_forces" in outputs:
            outputs["magnetic_forces"] *= 1 + 1e-4
        return outputs


@pytest.mark.parametrize(
    ("kind", "where"),
    [(MagneticToy, "magnetic_forces of isolated atom"), (ConditionedToy, "of batch of")],
)
def test_files_that_are_wrong_in_what_is_new_are_refused(tmp_path, monkeypatch, kind, where):
    monkeypatch.setattr(verification, "open_session", _Wrong)
    with pytest.raises(SezmError, match=rf"{where}.*, 1 thread deviates"):
        export_model(kind(torch.float64), tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []
