"""Charge, spin, parameters and spin vectors: from ASE's structures to the inputs of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from ase.calculators.calculator import PropertyNotImplementedError
from conditioned_session import ConditionedSession, conditioned_metadata
from toy_files import toy_metadata

from sezm_infer import Metadata, SezmCalculator, SezmError, evaluate, open_session
from sezm_infer.boxes import box_for_model
from sezm_infer.conditioning import conditioning_of
from sezm_infer.metadata import StaticSizes
from sezm_infer.sessions.static_padding import pad_inputs

CHARGE_SPIN = conditioned_metadata({"charge_spin": 2})
FPARAM = conditioned_metadata({"fparam": 3})
APARAM = conditioned_metadata({"aparam": 2})
SPINS = conditioned_metadata({"spins": 3})
EVERYTHING = conditioned_metadata({"charge_spin": 2, "fparam": 3, "aparam": 2, "spins": 3})
DIRECT = conditioned_metadata({}, forces_kind="direct", max_neighbors=2)


def water(**values: object) -> ase.Atoms:
    """A molecule that carries values under the names of extra inputs."""
    atoms = ase.Atoms("OHH", positions=[[0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.6, 0]])
    for name, value in values.items():
        if name in ("aparam", "spins"):
            atoms.arrays[name] = np.asarray(value)
        else:
            atoms.info[name] = value
    return atoms


def everything(seed: int) -> ase.Atoms:
    rng = np.random.default_rng(seed)
    return water(
        charge=seed - 1,
        spin=seed,
        fparam=rng.normal(size=3),
        aparam=rng.normal(size=(3, 2)),
        spins=rng.normal(size=(3, 3)),
    )


def expected_energy(atoms: ase.Atoms) -> float:
    info, arrays = atoms.info, atoms.arrays
    of_system = 0.1 * info["charge"] + 0.01 * info["spin"] + np.sum(info["fparam"])
    return 3 * of_system + arrays["aparam"].sum() + (arrays["spins"] ** 2).sum()


def test_values_reach_their_own_structure_in_a_batch() -> None:
    structures = [everything(seed) for seed in range(4)]
    session = ConditionedSession(EVERYTHING)
    for atoms, found in zip(structures, evaluate(session, structures), strict=True):
        assert found.energy == pytest.approx(expected_energy(atoms))
        np.testing.assert_allclose(found.magnetic_forces, -2 * atoms.arrays["spins"])
    assert session.calls == 1


def test_values_survive_extended_xyz(tmp_path: Path) -> None:
    ase.io.write(tmp_path / "a.extxyz", [everything(1), everything(2)])
    frames = ase.io.read(tmp_path / "a.extxyz", ":")
    for seed, found in enumerate(evaluate(ConditionedSession(EVERYTHING), frames), start=1):
        assert found.energy == pytest.approx(expected_energy(everything(seed)), abs=1e-6)


def test_one_number_per_frame_or_atom_need_not_be_a_list() -> None:
    one_each = conditioned_metadata({"fparam": 1, "aparam": 1})
    inputs = conditioning_of(water(fparam=2.5, aparam=[1.0, 2.0, 3.0]), one_each)
    np.testing.assert_array_equal(inputs["fparam"], [[2.5]])
    np.testing.assert_array_equal(inputs["aparam"], [[1.0], [2.0], [3.0]])


def test_defaults_stand_in_for_what_is_not_given() -> None:
    defaults = {"charge_spin": (1.0, 2.0), "fparam": (0.5, 0.0, -1.0)}
    metadata = conditioned_metadata({"charge_spin": 2, "fparam": 3}, defaults)
    given = water(charge=-3, spin=0, fparam=[1, 2, 3])
    energies = [e.energy for e in evaluate(ConditionedSession(metadata), [water(), given])]
    assert energies == pytest.approx([3 * (0.12 - 0.5), 3 * (-0.3 + 6)])


def test_defaults_do_not_complete_half_a_pair() -> None:
    metadata = conditioned_metadata({"charge_spin": 2}, {"charge_spin": (0.0, 1.0)})
    text = r"no spin; set both.*default, charge 0 and spin 1, holds only if both are absent"
    with pytest.raises(SezmError, match=text):
        conditioning_of(water(charge=1), metadata)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (CHARGE_SPIN, r'no charge and no spin; .*atoms\.info\["charge"\] = 0'),
        (FPARAM, r'3 frame parameters, .*no atoms\.info\["fparam"\]; set it'),
        (APARAM, r'2 numbers for each atom, .*no atoms\.arrays\["aparam"\]; set it'),
        (SPINS, r'3 numbers for each atom, .*no atoms\.arrays\["spins"\]; set it'),
    ],
)
def test_missing_inputs_are_refused_by_name(metadata: Metadata, message: str) -> None:
    with pytest.raises(SezmError, match=message):
        conditioning_of(water(), metadata)


@pytest.mark.parametrize(
    ("atoms", "place"),
    [
        (water(charge=0), r'atoms\.info\["charge"\]'),
        (water(spin=1), r'atoms\.info\["spin"\]'),
        (water(fparam=[1.0]), r'atoms\.info\["fparam"\]'),
        (water(aparam=np.ones((3, 1))), r'atoms\.arrays\["aparam"\]'),
        (water(spins=np.ones((3, 3))), r'atoms\.arrays\["spins"\]'),
    ],
)
def test_inputs_that_a_model_does_not_take_are_refused(
    toy_onnx: Path, atoms: ase.Atoms, place: str
) -> None:
    with pytest.raises(SezmError, match=rf"has {place}, .*ignore; remove it \(del {place}\)"):
        evaluate(open_session(toy_onnx), [atoms])


def test_models_that_take_some_inputs_refuse_the_others() -> None:
    with pytest.raises(SezmError, match="charge"):
        conditioning_of(water(spins=np.ones((3, 3)), charge=0, spin=1), SPINS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"charge": 100, "spin": 1}, r'"charge"\] is 100; use a whole number from -100 to 99'),
        ({"charge": -101, "spin": 1}, r"-101"),
        ({"charge": 0.5, "spin": 1}, r"0\.5; use a whole number"),
        ({"charge": np.nan, "spin": 1}, "nan"),
        ({"charge": np.inf, "spin": 1}, "inf"),
        ({"charge": "positive", "spin": 1}, "'positive'"),
        ({"charge": [1, 2], "spin": 1}, r"\[1, 2\]"),
        ({"charge": None, "spin": 1}, "None"),
        ({"charge": "1", "spin": 1}, "'1'"),
        ({"charge": np.complex128(1), "spin": 1}, "complex"),
        ({"charge": np.ones((1, 1)), "spin": 1}, "1"),
        ({"charge": 0, "spin": -1}, r'"spin"\] is -1; use a whole number from 0 to 99'),
        ({"charge": 0, "spin": 100}, "100"),
    ],
)
def test_charges_and_spins_are_whole_numbers_within_limits(values: dict, message: str) -> None:
    with pytest.raises(SezmError, match=message):
        conditioning_of(water(**values), CHARGE_SPIN)


@pytest.mark.parametrize("charge", [-100, 99])
def test_the_limits_themselves_are_allowed(charge: int) -> None:
    inputs = conditioning_of(water(charge=charge, spin=np.int64(99)), CHARGE_SPIN)
    np.testing.assert_array_equal(inputs["charge_spin"], [[charge, 99]])


@pytest.mark.parametrize(
    ("metadata", "values", "message"),
    [
        (FPARAM, {"fparam": [1, 2]}, r'"fparam"\] has shape \(2,\); the model takes \(3,\)'),
        (FPARAM, {"fparam": np.ones((3, 1))}, r"has shape \(3, 1\); the model takes \(3,\)"),
        (FPARAM, {"fparam": 1.0}, r"has shape \(\); the model takes \(3,\)"),
        (FPARAM, {"fparam": None}, r"is None; use numbers, or remove it \(del atoms\.info"),
        (FPARAM, {"fparam": np.ones(3, complex)}, "complex|j.*use numbers"),
        (FPARAM, {"fparam": [1, [2, 3]]}, r"is \[1, \[2, 3\]\]; use numbers"),
        (FPARAM, {"fparam": [1, np.nan, 2]}, r'"fparam"\], entry 1, is nan'),
        (FPARAM, {"fparam": "hot"}, r"'hot'; use numbers"),
        (APARAM, {"aparam": np.ones((3, 1))}, r"shape \(3, 1\); the model takes \(3, 2\)"),
        (APARAM, {"aparam": np.ones(3)}, r"shape \(3,\)"),
        (APARAM, {"aparam": [[1, 2], [3, 4], [5, np.inf]]}, r"entry 2, is \[5\.0, inf\]"),
        (SPINS, {"spins": np.ones(3)}, r"shape \(3,\); the model takes \(3, 3\)"),
        (SPINS, {"spins": np.full((3, 3), np.nan)}, "entry 0"),
        (SPINS, {"spins": np.array([["u"] * 3] * 3)}, "use numbers"),
        (SPINS, {"spins": np.ones((3, 3), complex)}, "use numbers"),
    ],
)
def test_wrong_shapes_and_values_are_refused(
    metadata: Metadata, values: dict, message: str
) -> None:
    with pytest.raises(SezmError, match=message) as caught:
        conditioning_of(water(**values), metadata)
    assert "\n" not in str(caught.value)


def test_charge_and_spin_may_be_arrays_of_one_number() -> None:
    inputs = conditioning_of(water(charge=np.array([-2]), spin=np.array(1)), CHARGE_SPIN)
    np.testing.assert_array_equal(inputs["charge_spin"], [[-2, 1]])


def test_the_offending_structure_is_named_before_anything_runs() -> None:
    session = ConditionedSession(CHARGE_SPIN)
    with pytest.raises(SezmError, match=r"structure 1: .*no charge"):
        evaluate(session, [water(charge=0, spin=1), water()])
    assert session.calls == 0


def test_padding_atoms_have_no_parameters_and_no_spins() -> None:
    inputs = {
        "pos": np.ones((2, 3)),
        "atomic_numbers": np.array([1, 8]),
        "batch": np.zeros(2, np.int64),
        "natoms": np.array([2]),
        "edge_index": np.zeros((2, 0), np.int64),
        "edge_distance": np.zeros(0),
        "edge_vec": np.zeros((0, 3)),
        "atom_mask": np.ones(2),
        "charge_spin": np.array([[1.0, 2.0]]),
        "aparam": np.ones((2, 4)),
        "spins": np.ones((2, 3)),
    }
    padded = pad_inputs(inputs, StaticSizes(5, 7), cutoff=4.0)
    np.testing.assert_array_equal(padded["charge_spin"], [[1.0, 2.0]])
    for name in ("aparam", "spins"):
        np.testing.assert_array_equal(padded[name][:2], 1.0)
        np.testing.assert_array_equal(padded[name][2:], 0.0)
        assert len(padded[name]) == 5


@pytest.mark.parametrize("name", ["charge", "spin", "fparam", "aparam", "spins"])
def test_the_calculator_sees_every_change(name: str) -> None:
    atoms = everything(1)
    session = ConditionedSession(EVERYTHING)
    atoms.calc = SezmCalculator(session)
    before = atoms.get_potential_energy()
    atoms.get_potential_energy()
    assert session.calls == 1
    if name in atoms.info:
        atoms.info[name] = np.asarray(atoms.info[name]) + 1
    else:
        atoms.arrays[name][1, 0] += 1.0  # in place
    assert atoms.get_potential_energy() != before
    assert atoms.get_potential_energy() == pytest.approx(expected_energy(atoms))
    assert session.calls == 2


def test_the_calculator_sees_changes_in_place_while_atoms_move() -> None:
    atoms = everything(1)
    atoms.calc = SezmCalculator(ConditionedSession(EVERYTHING))
    for step in range(3):
        atoms.positions[0, 0] += 0.01
        atoms.info["fparam"][step] += 1.0
        assert atoms.get_potential_energy() == pytest.approx(expected_energy(atoms))


def test_the_calculator_sees_inputs_that_come_and_go() -> None:
    atoms = water()
    metadata = conditioned_metadata({"fparam": 1}, {"fparam": (2.0,)})
    atoms.calc = SezmCalculator(ConditionedSession(metadata))
    assert atoms.get_potential_energy() == 6.0
    atoms.info["fparam"] = 1.0
    assert atoms.get_potential_energy() == 3.0
    del atoms.info["fparam"]
    assert atoms.get_potential_energy() == 6.0
    atoms.info["charge"] = 0
    with pytest.raises(SezmError, match="does not take"):
        atoms.get_potential_energy()


def test_magnetic_forces_are_a_result_of_the_calculator() -> None:
    atoms = water(spins=np.arange(9.0).reshape(3, 3))
    atoms.calc = SezmCalculator(ConditionedSession(SPINS))
    np.testing.assert_array_equal(
        atoms.calc.get_property("magnetic_forces", atoms), -2 * atoms.arrays["spins"]
    )
    assert "magnetic_forces" in atoms.calc.implemented_properties
    plain = SezmCalculator(ConditionedSession(FPARAM))
    assert "magnetic_forces" not in plain.implemented_properties


def test_direct_forces_have_no_stress_and_say_why() -> None:
    atoms = water()
    atoms.set_cell([9, 9, 9])
    atoms.pbc = True
    atoms.calc = SezmCalculator(ConditionedSession(DIRECT))
    assert "stress" not in atoms.calc.implemented_properties
    assert atoms.get_forces().shape == (3, 3)
    assert "stress" not in atoms.calc.results
    for ask in (atoms.get_stress, atoms.get_stresses):
        with pytest.raises(PropertyNotImplementedError, match=r"forces directly.*no stress"):
            ask()
    (evaluation,) = evaluate(ConditionedSession(DIRECT), [atoms])
    assert evaluation.virial is None
    with pytest.raises(SezmError, match="no virial"):
        evaluation.stress(729.0)


def test_calculator_and_evaluation_limit_the_neighbours(crystal: ase.Atoms) -> None:
    session = ConditionedSession(DIRECT)
    (evaluation,) = evaluate(session, [crystal])
    np.testing.assert_array_equal(evaluation.forces[:, 0], 2.0)
    crystal.calc = SezmCalculator(session, skin=2.0)
    np.testing.assert_array_equal(crystal.get_forces()[:, 0], 2.0)


@pytest.mark.parametrize("metadata", [CHARGE_SPIN, FPARAM, APARAM, SPINS, EVERYTHING, DIRECT])
def test_boxes_for_timing_suit_any_model(metadata: Metadata) -> None:
    atoms = box_for_model(metadata, 24)
    atoms.calc = SezmCalculator(ConditionedSession(metadata))
    assert np.isfinite(atoms.get_potential_energy())


def test_metadata_of_older_files_has_no_defaults_and_no_limit() -> None:
    text = toy_metadata().to_json()
    for entry in (',\n "input_defaults": {}', ',\n "max_neighbors": null'):
        assert entry in text
        text = text.replace(entry, "")
    found = Metadata.from_json(text, "old.onnx")
    assert found == toy_metadata()
    assert (found.input_defaults, found.max_neighbors) == ({}, None)


def test_metadata_survives_json() -> None:
    metadata = conditioned_metadata(
        {"charge_spin": 2, "spins": 3}, {"charge_spin": (0.0, 1.0)}, max_neighbors=7
    )
    assert Metadata.from_json(metadata.to_json(), "a.onnx") == metadata
    assert replace(metadata, max_neighbors=None) != metadata


def test_models_that_know_charge_alone_refuse_spin() -> None:
    metadata = conditioned_metadata({"charge": 1})
    np.testing.assert_array_equal(conditioning_of(water(charge=-2), metadata)["charge"], [[-2.0]])
    with pytest.raises(SezmError, match=r'has atoms\.info\["spin"\], .*ignore'):
        conditioning_of(water(charge=-2, spin=1), metadata)
    with pytest.raises(SezmError, match=r'the total charge, .*no atoms\.info\["charge"\]; set it'):
        conditioning_of(water(), metadata)


def test_charges_that_a_model_does_not_know_are_refused() -> None:
    metadata = replace(conditioned_metadata({"charge": 1}), input_values={"charge": (-1.0, 0.0)})
    metadata = Metadata.from_json(metadata.to_json(), "a file")
    conditioning_of(water(charge=-1), metadata)
    with pytest.raises(SezmError, match=r"is 1; the model was trained on systems of charge -1, 0,"):
        conditioning_of(water(charge=1), metadata)
