"""Grid units in ONNX files: functions of stock operators, by names that kernels may have."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from operator_files import operator_file
from random_grid_units import random_unit
from recorded import model
from sezm_export.describe import describe
from sezm_export.onnx import to_onnx
from sezm_export.simplify_graph import simplify_graph
from sezm_export.trace import trace
from sezm_models.sezm.grid_units import GridUnitLayout, grid_unit, grid_unit_grad
from torch import Tensor

ROUND_OFF = 1e-13


def written(configuration: str) -> onnx.ModelProto:
    of = model(configuration, torch.float64)
    return to_onnx(simplify_graph(trace(of, whole=True)), describe(of, "0" * 64))


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("mini", ["1_2_1", "2_2_1"]),
        ("tiny", []),  # of its only unit, scalars alone are wanted
    ],
)
def test_units_are_functions_where_their_options_allow(
    configuration: str, expected: list[str]
) -> None:
    file = written(configuration)
    names = [f"{kind}_{name}" for kind in ("GridUnit", "GridUnitGrad") for name in expected]
    assert sorted(f.name for f in file.functions if f.name.startswith("Grid")) == sorted(names)
    onnx.checker.check_model(file, full_check=True)


@pytest.mark.parametrize("n_inputs", [1, 2])
@pytest.mark.parametrize(("lmax", "kmax"), [(1, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("width", [None, 48])
def test_functions_compute_what_the_operators_do(
    n_inputs: int, lmax: int, kmax: int, width: int | None
) -> None:
    """At sizes of their own, with inputs in the order of the format page."""
    layout, numbers = GridUnitLayout(n_inputs, lmax, kmax), (n_inputs, lmax, kmax)

    def function(seed: Tensor, *tensors: Tensor) -> list[Tensor]:
        x, w = tensors[:n_inputs], tensors[n_inputs:]
        y, *saved = torch.ops.sezm.grid_unit(x, w, *numbers)
        return [y, *torch.ops.sezm.grid_unit_grad(seed, x, saved, w, *numbers)]

    for atoms in (1, 5):
        features, named = random_unit(layout, atoms=atoms, width=width)
        weights = named.listed()
        seed = torch.cos(torch.arange(features[0].numel()).double()).reshape(features[0].shape)
        y, *saved = grid_unit(features, weights, layout)
        expected = [y, *grid_unit_grad(seed, features, saved, weights, layout)]
        given = {f"input_{i}": t for i, t in enumerate([seed, *features, *weights])}
        shapes = [(name, tuple(tensor.shape)) for name, tensor in given.items()]
        per_atom = [(name, ("N", *shape[1:])) for name, shape in shapes[: 1 + n_inputs]]
        file = operator_file(
            function, [*per_atom, *shapes[1 + n_inputs :]], 1 + n_inputs, torch.float64
        )
        session = onnxruntime.InferenceSession(
            file.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        found = session.run(None, {name: tensor.numpy() for name, tensor in given.items()})
        for array, tensor in zip(found, expected, strict=True):
            scale = float(tensor.abs().max())
            np.testing.assert_allclose(array, tensor.numpy(), rtol=0, atol=ROUND_OFF * scale)
