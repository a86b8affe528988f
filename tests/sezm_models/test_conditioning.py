"""Charge, spin, frame and atomic parameters, and branches that know which one they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from random_checkpoint import build_checkpoint
from recorded import (
    CONDITIONING_CONFIGURATIONS,
    FLOAT32_TOLERANCE,
    FLOAT64_TOLERANCE,
    Recorded,
    assert_agrees,
    edges,
    evaluate,
    model,
    recorded,
    systems_of,
)
from sezm_models import CheckpointError
from sezm_models.sezm.model import SeZM
from sezm_models.sezm.reader import model_from_checkpoint

CASES = [(name, system) for name in CONDITIONING_CONFIGURATIONS for system in systems_of(name)]

FITTING = "model.Default.atomic_model.fitting_net."

SINGLE_TASK = [name for name in CONDITIONING_CONFIGURATIONS if not name.startswith("case_")]


def case_and_model(configuration: str, system: str, dtype: torch.dtype) -> tuple[Recorded, SeZM]:
    """Systems of multitask configurations begin with the branch."""
    branch, _, _ = system.rpartition("/")
    return recorded(configuration, system, dtype), model(configuration, dtype, branch or None)


def complete_inputs(net: SeZM, case: Recorded) -> dict[str, np.ndarray]:
    """What was recorded; for the rest the defaults of the checkpoint."""
    defaults = {name: np.array([values]) for name, values in net.conditioning_defaults.items()}
    return defaults | case.conditioning


def evaluated(configuration: str, system: str, dtype: torch.dtype):
    case, net = case_and_model(configuration, system, dtype)
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    return evaluate(net, case.atomic_numbers, index, vec, complete_inputs(net, case)), case


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float64_equals_the_trainer(configuration: str, system: str) -> None:
    found, expected = evaluated(configuration, system, torch.float64)
    assert_agrees(found, expected, FLOAT64_TOLERANCE)


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float32_equals_the_trainer_to_single_precision(configuration: str, system: str) -> None:
    found, expected = evaluated(configuration, system, torch.float32)
    assert_agrees(found, expected, FLOAT32_TOLERANCE)


def test_every_condition_is_recorded() -> None:
    taken = {name: list(model(name, torch.float64).conditioning) for name in SINGLE_TASK}
    assert taken["charge_spin"] == ["charge_spin"]
    assert taken["fparam_aparam"] == ["fparam", "aparam"]
    assert taken["everything"] == ["charge_spin", "fparam", "aparam"]
    assert taken["aparam_as_mask"] == ["fparam"]


def test_defaults_are_those_of_the_checkpoint() -> None:
    assert model("everything", torch.float64).conditioning_defaults == {
        "charge_spin": (1.0, 3.0),
        "fparam": (0.25, 4.0),
    }
    assert model("charge_spin", torch.float64).conditioning_defaults == {}
    branches = [model("case_film_parameters", torch.float64, head) for head in ("first", "second")]
    assert [net.conditioning_defaults for net in branches] == [{"fparam": (1.5,)}, {}]


def prepared(net: SeZM, configuration: str, system: str):
    """Arguments of ``evaluate``; charges and parameters differ from system to system."""
    case = recorded(configuration, system)
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    inputs = complete_inputs(net, case)
    if not case.conditioning:
        inputs = {name: value + len(case.pos) for name, value in inputs.items()}
    return case.atomic_numbers, index, vec, inputs


@pytest.mark.parametrize("configuration", SINGLE_TASK)
def test_a_batch_equals_its_members(configuration: str) -> None:
    net = model(configuration, torch.float64)
    members = [prepared(net, configuration, name) for name in ("skewed5", "atom", "molecule9")]
    sizes = [len(numbers) for numbers, *_ in members]
    first = np.cumsum([0, *sizes[:-1]])
    found = evaluate(
        net,
        np.concatenate([numbers for numbers, *_ in members]),
        np.concatenate([m[1] + offset for m, offset in zip(members, first, strict=True)], 1),
        np.concatenate([vec for _, _, vec, _ in members]),
        {name: np.concatenate([m[3][name] for m in members]) for name in net.conditioning},
        np.repeat(np.arange(3), sizes),
    )
    alone = [evaluate(net, *member) for member in members]
    np.testing.assert_allclose(found[0], np.concatenate([a[0] for a in alone]), rtol=1e-12)
    np.testing.assert_allclose(found[1], np.concatenate([a[1] for a in alone]), atol=1e-11, rtol=0)


@pytest.mark.parametrize("configuration", ["charge_spin", "everything", "fparam_aparam"])
def test_padding_atoms_change_nothing(configuration: str) -> None:
    net = model(configuration, torch.float64)
    numbers, index, vec, inputs = prepared(net, configuration, "molecule9")
    padded = {
        name: np.concatenate([value, value[:1]]) if name == "aparam" else value
        for name, value in inputs.items()
    }
    found = evaluate(net, np.append(numbers, 0), index, vec, padded)
    wanted = evaluate(net, numbers, index, vec, inputs)
    np.testing.assert_allclose(found[0][:-1], wanted[0], rtol=1e-13)
    np.testing.assert_allclose(found[1][:-1], wanted[1], atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    "charge_spin", [(100, 0), (-101, 0), (0, 100), (0, -1), (1e30, 0), (0, -np.inf)]
)
def test_charges_and_spins_without_a_row_give_nan(charge_spin: tuple[float, float]) -> None:
    net = model("charge_spin", torch.float32)
    numbers, index, vec, _ = prepared(net, "charge_spin", "molecule9")
    energy, forces, _ = evaluate(
        net, numbers, index, vec, {"charge_spin": np.array([charge_spin], dtype=np.float64)}
    )
    assert np.isnan(energy).all() and np.isnan(forces).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fparam": None}, r"needs fparam: \[systems, 2\], frame parameters"),
        ({"charge_spin": None}, r"needs charge_spin: \[systems, 2\], total charge"),
        ({"aparam": np.zeros((9, 2))}, r"aparam has shape \[9, 2\].* needs \[atoms, 1\]"),
        ({"fparam": np.zeros((1, 1))}, r"fparam has shape \[1, 1\].* needs \[systems, 2\]"),
        ({"spins": np.zeros((9, 3))}, "does not take spins; .* takes: charge_spin, fparam, aparam"),
    ],
)
def test_missing_foreign_and_misshaped_inputs_are_errors(change: dict, message: str) -> None:
    net = model("everything", torch.float64)
    numbers, index, vec, inputs = prepared(net, "everything", "molecule9")
    changed = {name: value for name, value in (inputs | change).items() if value is not None}
    with pytest.raises(ValueError, match=message):
        evaluate(net, numbers, index, vec, changed)


def test_a_model_without_conditions_takes_none() -> None:
    net = model("tiny", torch.float64)
    numbers, index, vec, _ = prepared(net, "tiny", "dimer")
    with pytest.raises(ValueError, match="does not take charge_spin; inputs that it takes: none"):
        evaluate(net, numbers, index, vec, {"charge_spin": np.zeros((1, 2))})


def read(checkpoint: dict) -> SeZM:
    return model_from_checkpoint(checkpoint, None, None, "model.ckpt.pt")


@pytest.mark.parametrize(
    "key", ["fparam_avg", "aparam_inv_std", "default_fparam_tensor", "bias_atom_e"]
)
def test_statistics_are_read_strictly(key: str) -> None:
    checkpoint = build_checkpoint("everything")
    state = checkpoint["model"]
    state[FITTING + key] = torch.zeros(17)
    with pytest.raises(CheckpointError, match=rf"fitting_net.{key}' has shape \[17\], expected"):
        read(checkpoint)
    del state[FITTING + key]
    with pytest.raises(CheckpointError, match=rf"'fitting_net.{key}' of shape .* is missing"):
        read(checkpoint)


@pytest.mark.parametrize(
    ("section", "option", "value", "supported"),
    [
        ("descriptor", "default_chg_spin", [0, 100], r"charge and spin within \(\(-100, 99\)"),
        ("descriptor", "default_chg_spin", [0], "charge and spin within"),
        ("fitting_net", "default_fparam", [1.0], r"none or 2 numbers \(numb_fparam\)"),
        ("fitting_net", "numb_aparam", -1, ">= 0"),
        ("fitting_net", "case_film_embd", True, "False where dim_case_embd is 0"),
        ("fitting_net", "exclude_types", [1], "none"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    section: str, option: str, value, supported: str
) -> None:
    checkpoint = build_checkpoint("everything")
    checkpoint["model"]["_extra_state"]["model_params"][section][option] = value
    message = f"{section} option {option} = .* is not supported; supported: {supported}"
    with pytest.raises(CheckpointError, match=message):
        read(checkpoint)
