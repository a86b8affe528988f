"""Parts of ONNX files as functions of stock operators, by names that kernels may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from recorded import model
from sezm_export import export_model
from sezm_export.describe import describe
from sezm_export.onnx import to_onnx
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import SampleSizes
from sezm_export.trace import trace
from sezm_models.neighbor_rows import neighbor_rows
from sezm_models.neighbor_slots import neighbor_slots
from sezm_models.sezm.edge_layout import EdgeLayout
from sezm_models.sezm.edge_messages import edge_messages, edge_messages_grad

DOMAIN = "sezm"
ROUND_OFF = 1e-12


def calls(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Of edge stages, in graphs inside the graph too."""
    for node in graph.node:
        if node.domain == DOMAIN and node.op_type.startswith("EdgeMessages"):
            yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from calls(attribute.g)


@lru_cache
def written(configuration: str, *, static: SampleSizes | None = None) -> onnx.ModelProto:
    of = model(configuration, torch.float64)
    graph = simplify_graph(trace(of, static=static, whole=True))
    return to_onnx(graph, describe(of, "0" * 64))


def functions(file: onnx.ModelProto) -> list[str]:
    """Those of edge stages."""
    names = sorted(function.name for function in file.functions)
    return [name for name in names if name.startswith("EdgeMessages")]


@pytest.fixture
def mini() -> onnx.ModelProto:
    return written("mini")


def test_all_blocks_of_equal_degrees_share_two_functions(mini: onnx.ModelProto) -> None:
    assert functions(mini) == ["EdgeMessagesGrad_2_1", "EdgeMessages_2_1"]
    found = [call.op_type for call in calls(mini.graph)]
    n_blocks = len(model("mini", torch.float64).descriptor.blocks)
    assert sorted(found) == ["EdgeMessagesGrad_2_1"] * n_blocks + ["EdgeMessages_2_1"] * n_blocks
    assert {(entry.domain, entry.version) for entry in mini.opset_import} == {("", 18), ("sezm", 1)}


def test_files_with_functions_are_checked_models(mini: onnx.ModelProto) -> None:
    onnx.checker.check_model(mini, full_check=True)
    for function in mini.functions:
        assert {node.domain for node in function.node} == {""}


def test_calls_say_whether_radial_features_act_per_channel(mini: onnx.ModelProto) -> None:
    assert {tuple(a.i for a in call.attribute) for call in calls(mini.graph)} == {(0,)}
    assert {tuple(a.i for a in call.attribute) for call in calls(written("tiny").graph)} == {(1,)}


def test_inputs_are_in_the_order_of_the_format_page(mini: onnx.ModelProto) -> None:
    by_name = {function.name: function for function in mini.functions}
    edges = ["features", "wigner", "radial", "weight"]
    layers = [f"layer_{position}" for position in range(3 * 4 + 2)]
    saved = [f"saved_{position}" for position in range(3 * 3)]
    forward = by_name["EdgeMessages_2_1"]
    index = ["source", "target", "source_slot", "source_atom"]
    assert list(forward.input) == [*index, *edges, *layers]
    assert len(forward.output) == 1 + len(saved)
    backward = by_name["EdgeMessagesGrad_2_1"]
    assert list(backward.input) == [*index, "grad_sums", *edges, *saved, *layers]
    assert len(backward.output) == 4


def test_static_files_have_them_too() -> None:
    file = written("tiny", static=SampleSizes(16, 100, systems=1, symbolic=False))
    assert functions(file) == ["EdgeMessagesGrad_1_1", "EdgeMessages_1_1"]


def test_models_with_other_options_have_none() -> None:
    assert not functions(written("order_2"))


def test_staged_files_have_them_in_their_branches(tmp_path: Path) -> None:
    export_model(model("tiny", torch.float64), tmp_path / "staged.onnx", staged=True)
    file = onnx.load(str(tmp_path / "staged.onnx"))
    assert functions(file) == ["EdgeMessagesGrad_1_1", "EdgeMessages_1_1"]
    assert len(list(calls(file.graph))) == 2
    onnx.checker.check_model(file, full_check=True)


# ------------------------------------------------------------------------ functions alone


def run_function(
    file: onnx.ModelProto, name: str, inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """One function of a file as a file of its own."""
    (function,) = (f for f in file.functions if f.name == name)
    call = onnx.helper.make_node(name, function.input, function.output, domain=DOMAIN)
    types = {np.dtype(np.int64): onnx.TensorProto.INT64, np.dtype(float): onnx.TensorProto.DOUBLE}

    def info(value: str, array: np.ndarray) -> onnx.ValueInfoProto:
        return onnx.helper.make_tensor_value_info(value, types[array.dtype], array.shape)

    result = onnx.TensorProto.INT64 if name == "NeighborSlots" else onnx.TensorProto.DOUBLE
    outputs = [onnx.helper.make_tensor_value_info(value, result, None) for value in function.output]
    graph = onnx.helper.make_graph(
        [call], name, [info(*pair) for pair in zip(function.input, inputs, strict=True)], outputs
    )
    alone = onnx.helper.make_model(
        graph,
        functions=[function],
        opset_imports=file.opset_import,
        ir_version=file.ir_version,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        alone.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, dict(zip(function.input, inputs, strict=True)))


@pytest.mark.parametrize("configuration", ["tiny", "mini"])
@pytest.mark.parametrize("edges", [0, 60])
def test_functions_compute_what_the_model_does(configuration: str, edges: int) -> None:
    """At sizes of their own, on any numbers."""
    file = written(configuration)
    stage = model(configuration, torch.float64).descriptor.blocks[0].so2_conv.edge_stage
    layout: EdgeLayout = stage.layout
    layers = stage._layers(0)
    channels, atoms = layers[-1].shape[1] // (layout.lmax - layout.mmax + 1), 5
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    index = torch.randint(0, atoms, (2, edges), generator=generator)
    rows = neighbor_rows(index, drawn(edges, 3), atoms, 5.0)
    slots = rows.source.shape[0]
    kernels = sum((layout.lmax - m + 1) ** 2 for m in range(layout.mmax + 1))
    basis = stage.channel_basis
    ranks = 1 if basis is None else basis.shape[0]
    given = [
        drawn(atoms, ranks * layout.columns, channels),
        drawn(slots, 2 * layout.mmax + 1, layout.columns),
        drawn(slots, (layout.lmax + 1) * channels if layout.per_channel else kernels * ranks),
        drawn(slots, 1),
    ]
    by_atom = [rows.source, rows.target, rows.source_slot, rows.source_atom]
    saved = edge_messages(*by_atom, *given, layers, layout)
    seed = drawn(*saved[0].shape)
    grads = edge_messages_grad(*by_atom, seed, *given, saved[1:], layers, layout)
    name = f"{layout.lmax}_{layout.mmax}"
    cases = [
        (f"EdgeMessages_{name}", [*by_atom, *given, *layers], saved),
        (f"EdgeMessagesGrad_{name}", [*by_atom, seed, *given, *saved[1:], *layers], grads),
    ]
    for function, tensors, expected in cases:
        found = run_function(file, function, [tensor.numpy() for tensor in tensors])
        for array, tensor in zip(found, expected, strict=True):
            scale = max(1.0, float(tensor.abs().max()))
            np.testing.assert_allclose(array, tensor.numpy(), rtol=0, atol=ROUND_OFF * scale)


@pytest.mark.parametrize("edges", [0, 1, 60])
def test_slots_are_those_of_the_model(mini: onnx.ModelProto, edges: int) -> None:
    """With ghosts, too, though this file has none."""
    generator = torch.Generator().manual_seed(edges)
    source, target = (torch.randint(n, (edges,), generator=generator) for n in (9, 5))
    sizes = [np.zeros(9, np.int64), np.zeros(5, np.int64)]
    found = run_function(mini, "NeighborSlots", [source.numpy(), target.numpy(), *sizes])
    for array, tensor in zip(found, neighbor_slots(source, target, 9, 5), strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())


@pytest.mark.parametrize("rows", [0, 1, 60])
def test_sums_are_those_of_numpy(mini: onnx.ModelProto, rows: int) -> None:
    """Of rows of all the shapes in the file, one function each."""
    generator = np.random.default_rng(rows)
    shapes = [
        tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim)[1:]
        for node in mini.graph.node
        if node.op_type.startswith("SumRows_")
        for info in mini.graph.value_info
        if info.name == node.output[0]
    ]
    calls = [node for node in mini.graph.node if node.op_type.startswith("SumRows_")]
    assert len(shapes) == len(calls) > len({call.op_type for call in calls}) > 3
    for call, shape in dict(zip((call.op_type for call in calls), shapes, strict=True)).items():
        values, index = generator.normal(size=(rows, *shape)), generator.integers(0, 7, rows)
        expected = np.zeros((7, *shape))
        np.add.at(expected, index, values)
        (found,) = run_function(mini, call, [values, index, np.array([7])])
        np.testing.assert_allclose(found, expected, rtol=0, atol=ROUND_OFF)
