"""The traced graph: what simplification removes, and what may not be in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from random_inputs import random_inputs
from sezm_export.export import export_model
from sezm_export.onnx import require_no_racing_sum
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import FIRST_SAMPLE, SECOND_SAMPLE, Size
from sezm_export.trace import trace
from sezm_models.graph_sizes import GraphSizes
from sezm_models.neighbor_rows import ROW_WIDTH
from toy_doubled import DoubledToy, NestedToy, UndeclaredToy
from toy_model import ToyModel

from sezm_infer.errors import SezmError

aten = torch.ops.aten

USELESS = {
    aten.detach.default,
    aten.alias.default,
    aten.clone.default,
    aten.view.default,
    aten.unsqueeze.default,
    aten.squeeze.dims,
    aten.slice_backward.default,
    aten.full_like.default,
}


def outputs(module, inputs):
    with torch.no_grad():
        return [array.numpy() for array in module(*map(torch.from_numpy, inputs.values()))]


def test_simplification_keeps_the_numbers():
    plain = trace(ToyModel(torch.float64))
    before = len(plain.graph.nodes)
    inputs = random_inputs(13, 60, 2)
    expected = outputs(plain, inputs)
    simple = simplify_graph(plain)
    for found, wanted in zip(outputs(simple, inputs), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)
    assert len(simple.graph.nodes) < 0.85 * before
    assert not USELESS & {node.target for node in simple.graph.nodes}


def test_equal_nodes_are_one():
    simple = simplify_graph(trace(ToyModel(torch.float64)))
    calls = [
        (node.target, str(node.args), str(node.kwargs))
        for node in simple.graph.nodes
        if node.op == "call_function"
    ]
    assert len(set(calls)) == len(calls)


@pytest.mark.parametrize("sample", [FIRST_SAMPLE, SECOND_SAMPLE])
def test_integers_are_told_from_sizes(sample):
    n, e, b = sample.atoms, sample.edges, sample.systems
    assert sample.dim(n) == Size("N")
    assert sample.dim(3 * n) == Size("N", 3)
    assert sample.dim(e + 1) == Size("E", 1, 1)
    assert sample.dim(b) == Size("B")
    rows = n + e // ROW_WIDTH
    assert sample.dim(8 * rows) == Size("R", 8)
    assert sample.dim(8 * rows - 1) == Size("R", 8, -1)
    for number in (-1, 0, 1, 2, 96, 4096, 81920):
        assert sample.dim(number) == number
    assert sample.dim(2**63 - 1) == 2**63 - 1


@pytest.mark.parametrize("sample", [FIRST_SAMPLE, SECOND_SAMPLE])
def test_sizes_of_the_graph_that_a_model_works_on_are_told_from_those_of_its_input(sample):
    n, e = sample.atoms, sample.edges
    edges = 4 * e + 2 * n
    doubled = replace(sample, graph=GraphSizes(2, 2, 4))
    assert sample.dim(edges) == edges
    assert doubled.dim(edges) == Size("M")
    assert doubled.dim(edges + 1) == Size("M", 1, 1)
    assert doubled.dim(8 * (2 * n + edges // ROW_WIDTH)) == Size("O", 8)
    for factor in (1, 2, 3, 8, 96, 288, 4096):
        for letter, size in doubled.by_letter.items():
            assert doubled.dim(factor * size) == Size(letter, factor)


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_a_model_may_work_on_a_larger_graph_than_its_input(tmp_path, suffix):
    export_model(DoubledToy(torch.float64), tmp_path / f"model{suffix}")  # proves itself


def test_sizes_that_nothing_declares_are_refused(tmp_path):
    with pytest.raises(SezmError, match="depends on the numbers of atoms or edges"):
        export_model(UndeclaredToy(torch.float64), tmp_path / "model.pt")
    with pytest.raises(SezmError, match="no multiple of its numbers of atoms or edges"):
        export_model(NestedToy(torch.float64), tmp_path / "model.pt")


def model_with_scatter(path: Path, **attributes: str) -> Path:
    node = helper.make_node("ScatterND", ["a", "i", "u"], ["y"], **attributes)
    inputs = [
        helper.make_tensor_value_info("a", TensorProto.FLOAT, [3]),
        helper.make_tensor_value_info("i", TensorProto.INT64, [2, 1]),
        helper.make_tensor_value_info("u", TensorProto.FLOAT, [2]),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])
    onnx.save(helper.make_model(helper.make_graph([node], "g", inputs, [output])), str(path))
    return path


def test_racing_sum_is_refused(tmp_path):
    require_no_racing_sum(model_with_scatter(tmp_path / "a.onnx"))
    with pytest.raises(SezmError, match="ScatterND"):
        require_no_racing_sum(model_with_scatter(tmp_path / "b.onnx", reduction="add"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_files_are_checked_models_without_scatter_nd(toy_file, dtype):
    file = toy_file(".onnx", dtype)
    model = onnx.load(str(file))
    onnx.checker.check_model(model, full_check=True)
    assert "ScatterND" not in {node.op_type for node in model.graph.node}
