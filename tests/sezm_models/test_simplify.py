"""Simplified models equal plain ones, and take far fewer operations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recorded import (
    CONDITIONING_CONFIGURATIONS,
    CONFIGURATIONS,
    FLOAT64_LOOSE,
    FLOAT64_TOLERANCE,
    OPTION_CONFIGURATIONS,
    SPIN_CONFIGURATIONS,
    assert_agrees,
    edges,
    evaluate,
    model,
    plain_model,
    recorded,
    systems_of,
)
from sezm_models import simplify

ROUND_OFF = 1e-12
"""Of the largest energy, force or virial entry."""


def evaluated(net, configuration: str, system: str = "skewed5"):
    case = recorded(configuration, system, net.dtype)
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    return evaluate(net, case.atomic_numbers, index, vec, case.conditioning), case


@pytest.mark.parametrize("configuration", [*CONFIGURATIONS, *OPTION_CONFIGURATIONS])
def test_simplified_equals_plain_and_plain_equals_the_trainer(configuration: str) -> None:
    plain, case = evaluated(plain_model(configuration, torch.float64), configuration)
    simple, _ = evaluated(model(configuration, torch.float64), configuration)
    for a, b in zip(simple, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=ROUND_OFF * np.abs(b).max())
    assert_agrees(plain, case, FLOAT64_LOOSE.get(configuration, FLOAT64_TOLERANCE))


@pytest.mark.parametrize("configuration", ["mini", "defaults", "neo"])
def test_single_precision_gets_no_worse(configuration: str) -> None:
    """Weights are multiplied in float64 and rounded once; round-off of few atoms is chance."""
    exact, _ = evaluated(plain_model(configuration, torch.float64), configuration, "water24")
    errors = []
    for net in (plain_model(configuration, torch.float32), model(configuration, torch.float32)):
        (_, forces, _), _ = evaluated(net, configuration, "water24")
        errors.append(np.linalg.norm(forces - exact[1]))
    plain, simple = errors
    assert simple < 1.5 * plain


def test_the_model_itself_stays_as_it_is() -> None:
    net = plain_model("mini", torch.float64)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    simple = simplify(net)
    assert net.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert simple.trained_parameters == sum(p.numel() for p in net.parameters())


def test_a_simplified_model_stays_as_it_is() -> None:
    net = model("tiny", torch.float64)
    assert simplify(net) is net


@pytest.mark.parametrize("configuration", [*CONDITIONING_CONFIGURATIONS, *SPIN_CONFIGURATIONS])
def test_simplified_equals_plain_with_further_inputs(configuration: str) -> None:
    system = systems_of(configuration)[-1]
    branch, _, _ = system.rpartition("/")
    case = recorded(configuration, system)
    found = []
    for make in (plain_model, model):
        net = make(configuration, torch.float64, branch or None)
        defaults = {name: np.array([values]) for name, values in net.conditioning_defaults.items()}
        index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
        inputs = defaults | case.conditioning
        found.append(evaluate(net, case.atomic_numbers, index, vec, inputs))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=ROUND_OFF * max(np.abs(b).max(), 1e-2))
