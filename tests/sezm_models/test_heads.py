"""Heads beside the ordinary energy: direct forces, and properties of atoms and systems."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from head_configs import DENS_SETS, PROPERTY_SETS
from recorded import FLOAT32_TOLERANCE, FLOAT64_TOLERANCE, model, systems_of
from recorded_heads import evaluate_head, graph_of, recorded_results

CASES = [(name, system) for name in (*DENS_SETS, *PROPERTY_SETS) for system in systems_of(name)]
PREFIX = "model.Default.atomic_model."

SMALLEST = 1e-2
"""Scale of what is compared absolutely: direct forces on a lone atom, which are round-off."""


def assert_equals_the_trainer(
    configuration: str, system: str, dtype: torch.dtype, tolerance: float
) -> None:
    net = model(configuration, dtype)
    found = evaluate_head(net, graph_of(configuration, system, net.cutoff, net.max_neighbors))
    expected = recorded_results(configuration, system, dtype)
    exact = recorded_results(configuration, system)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        scale = max(np.abs(exact[name]).max(), SMALLEST)
        own_error = np.abs(expected[name] - exact[name]).max()
        deviation = np.abs(value - expected[name]).max()
        assert deviation <= tolerance * scale + own_error, f"{name} off by {deviation / scale:.1e}"


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float64_equals_the_trainer(configuration: str, system: str) -> None:
    assert_equals_the_trainer(configuration, system, torch.float64, FLOAT64_TOLERANCE)


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float32_equals_the_trainer_to_single_precision(configuration: str, system: str) -> None:
    assert_equals_the_trainer(configuration, system, torch.float32, FLOAT32_TOLERANCE)
