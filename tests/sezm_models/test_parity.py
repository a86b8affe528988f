"""Random models of every size and option equal DeePMD-kit's recorded numbers."""

from __future__ import annotations

import pytest
import torch
from random_checkpoint import read_manifest
from recorded import (
    CONDITIONING_CONFIGURATIONS,
    CONFIGURATIONS,
    FLOAT32_TOLERANCE,
    FLOAT64_LOOSE,
    FLOAT64_TOLERANCE,
    OPTION_CONFIGURATIONS,
    assert_agrees,
    edges,
    evaluate,
    model,
    recorded,
    systems_of,
)
from sezm_models.sezm.config_checks import CHOICES
from sezm_models.sezm.options import DESCRIPTOR_DEFAULTS

CASES = [
    (configuration, system)
    for configuration in (*CONFIGURATIONS, *OPTION_CONFIGURATIONS)
    for system in systems_of(configuration)
    if not (configuration == "plus" and system == "water24")  # 3 s alone; the export tests have it
]


def evaluated(configuration: str, system: str, dtype: torch.dtype):
    case = recorded(configuration, system, dtype)
    net = model(configuration, dtype)
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    return evaluate(net, case.atomic_numbers, index, vec), case


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float64_equals_the_trainer(configuration: str, system: str) -> None:
    found, expected = evaluated(configuration, system, torch.float64)
    assert_agrees(found, expected, FLOAT64_LOOSE.get(configuration, FLOAT64_TOLERANCE))


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float32_equals_the_trainer_to_single_precision(configuration: str, system: str) -> None:
    found, expected = evaluated(configuration, system, torch.float32)
    assert_agrees(found, expected, FLOAT32_TOLERANCE)


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, FLOAT64_TOLERANCE), (torch.float32, FLOAT32_TOLERANCE)],
)
@pytest.mark.parametrize("head", ["water", "other"])
def test_each_head_of_a_multitask_checkpoint_equals_its_own_numbers(
    head: str, dtype: torch.dtype, tolerance: float
) -> None:
    net = model("multitask", dtype, head)
    for system in systems_of("multitask"):
        branch, _ = system.split("/")
        if branch == head:
            case = recorded("multitask", system, dtype)
            index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
            found = evaluate(net, case.atomic_numbers, index, vec)
            assert_agrees(found, case, tolerance)


def test_every_value_of_every_choice_is_recorded() -> None:
    everything = (*CONFIGURATIONS, *OPTION_CONFIGURATIONS, *CONDITIONING_CONFIGURATIONS)
    models = [read_manifest(name)["model_params"] for name in everything if name != "bundled"]
    used = [params["descriptor"] for params in models if "descriptor" in params]
    switches = {
        name: (False, True) for name, v in DESCRIPTOR_DEFAULTS.items() if isinstance(v, bool)
    }
    elsewhere = ("use_amp", "precision")  # training only; the float64 twin of every model
    for option, values in (switches | CHOICES).items():
        if option not in elsewhere:
            recorded_values = [options[option] for options in used]
            assert all(value in recorded_values for value in values), option
    combinations = {tuple(options["sandwich_norm"]) for options in used}
    assert len(combinations) == 2**4
