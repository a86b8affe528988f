"""What acts on rows of edges alone, as programs; ``test_kernel_library`` runs them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from sezm_export.onnx_builder import OnnxConstants, OnnxFunctions
from sezm_export.onnx_rows import join_rows
from sezm_export.row_columns import Columns
from sezm_export.row_groups import Values, row_groups
from sezm_export.row_program import CODES, RowProgram
from sezm_export.row_sharing import Group, share_work

HEADER = 2  # words of a program before its instructions: columns of constants, of all


def words_of(columns: Columns) -> tuple[list[int], np.ndarray]:
    code, constants = columns.finished(CODES)
    return [int(word) for word in code], constants


def test_a_chain_of_operations_uses_memory_again() -> None:
    columns = Columns()
    value = columns.emit("load", 5, [], [0])
    for _ in range(20):
        value = columns.emit("neg", 5, [value])
    columns.emit("store", None, [value], [0, 5])
    words, _ = words_of(columns)
    assert words[1] == 2 * 5


def test_equal_constants_share_a_column() -> None:
    columns = Columns()
    first = columns.constants(np.array([1.0, 2.0, 1.0]))
    second = columns.constants(np.array([2.0]))
    assert first.tolist() == [-1, -2, -1]
    assert second.tolist() == [-2]


def test_products_name_the_input_that_holds_the_matrix() -> None:
    columns = Columns()
    value = columns.emit("load", 2, [], [0])
    columns.emit("matmul", 3, [value], [2, 1])
    words, constants = words_of(columns)
    assert constants.size == 0
    assert words[HEADER:] == [
        *(CODES["load"], 0, 2, 0),
        *(CODES["matmul"], 2, 3, 1, 2, 0, 1),  # depth, count, input, target, columns
    ]


def test_sums_of_products_are_one_instruction() -> None:
    columns = Columns()
    a, b = columns.emit("load", 4, [], [0]), columns.emit("load", 4, [], [1])
    columns.emit("dot", 2, [a[:2], b[:2], a[2:], b[[3, 3]]])
    words, _ = words_of(columns)
    assert words[HEADER + 8 :] == [CODES["dot"], 2, 2, 8, 0, 1, 4, 1, 2, 1, 7, 0]


def test_broadcasts_are_runs_with_a_step_of_zero() -> None:
    columns = Columns()
    scalar, vector = columns.emit("load", 1, [], [0]), columns.emit("load", 4, [], [1])
    columns.emit("mul", 4, [np.repeat(scalar, 4), vector[::-1]])
    words, _ = words_of(columns)
    assert words[HEADER + 8 :] == [CODES["mul"], 4, 5, 0, 0, 4, -1]


def graph_with_a_sum_over_rows() -> tuple[onnx.GraphProto, OnnxConstants]:
    """double = x + x; square = double * double; sum over all rows; result = square * sum."""
    constants = OnnxConstants()
    axes, shape = (constants.name_of(np.array(numbers)) for numbers in ([0], [1, 1]))
    nodes = [
        helper.make_node("Add", ["x", "x"], ["double"]),
        helper.make_node("Mul", ["double", "double"], ["square"]),
        helper.make_node("ReduceSum", ["square", axes], ["sum"], keepdims=1),
        helper.make_node("Reshape", ["sum", shape], ["total"]),
        helper.make_node("Expand", ["total", "lengths"], ["same"]),
        helper.make_node("Mul", ["square", "same"], ["result"]),
    ]

    def info(name: str, dims: list[int | str]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.DOUBLE, dims)

    lengths = helper.make_tensor_value_info("lengths", TensorProto.INT64, [2])
    rows = [info(name, ["4*R", 1]) for name in ("double", "square", "same")]
    whole = [info(name, [1, 1]) for name in ("sum", "total")]
    graph = helper.make_graph(
        nodes,
        "graph",
        [info("x", ["4*R", 1]), lengths],
        [info("result", ["4*R", 1])],
        value_info=[*rows, *whole],
    )
    return graph, constants


def test_a_sum_over_rows_parts_two_groups() -> None:
    graph, constants = graph_with_a_sum_over_rows()
    values = Values(graph, constants.tensors, np.dtype(float))
    groups = row_groups(list(graph.node), values, ["result"])
    assert [[node.output[0] for node in group] for group in groups] == [
        ["double", "square"],
        ["result"],
    ]


def test_programs_state_how_many_rows_there_are_and_what_comes_out() -> None:
    graph, constants = graph_with_a_sum_over_rows()
    values = Values(graph, constants.tensors, np.dtype(float))
    group, _ = row_groups(list(graph.node), values, ["result"])
    program = RowProgram(group, values, ["x"], ["square"])
    rows_input, factor, n_outputs, rank, *shape = program.code[:6].tolist()
    assert (rows_input, factor) == (0, 4)
    assert (n_outputs, rank, shape) == (1, 2, [4, 1])


def test_values_of_another_precision_are_left_alone() -> None:
    graph, constants = graph_with_a_sum_over_rows()
    values = Values(graph, constants.tensors, np.dtype(np.float32))
    assert row_groups(list(graph.node), values, ["result"]) == []


def shared(kinds: dict[str, tuple[str, ...]]) -> list[Group]:
    """What two groups hand on and compute: before and behind a sum over the rows of "last".

    Args:
        kinds: by result: operator and its arguments, of which "x" is given and
            "same" the sum, as a value of each row.
    """
    constants = OnnxConstants()
    nodes = []
    for result, (kind, *arguments) in kinds.items():
        if "same" in arguments:
            nodes.append(helper.make_node("Einsum", ["last"], ["same"], equation="ij->j"))
        nodes.append(helper.make_node(kind, arguments, [result]))

    def info(name: str) -> onnx.ValueInfoProto:
        truth = kinds.get(name, ("",))[0] == "Less"
        return helper.make_tensor_value_info(
            name, TensorProto.BOOL if truth else TensorProto.FLOAT, ["R", 3]
        )

    described = [info(name) for name in ("same", *kinds)]
    graph = helper.make_graph(nodes, "graph", [info("x")], [info("result")], value_info=described)
    values = Values(graph, constants.tensors, np.dtype(np.float32))
    groups = row_groups(nodes, values, ["result"])
    assert len(groups) == 2
    return share_work(groups, nodes, values, ["result"])


def names_in(group: Group) -> list[str]:
    return [node.output[0] for node in group.nodes]


def test_what_is_cheap_is_computed_again() -> None:
    first, second = shared(
        {
            "double": ("Add", "x", "x"),
            "square": ("Mul", "double", "double"),
            "last": ("Mul", "square", "x"),
            "result": ("Mul", "square", "same"),
        }
    )
    assert first.outputs == ["last"]
    assert names_in(second) == ["double", "square", "result"]


def test_what_costs_more_than_memory_is_handed_on() -> None:
    first, second = shared(
        {
            "log": ("Log", "x"),
            "last": ("Mul", "log", "x"),
            "result": ("Mul", "log", "same"),
        }
    )
    assert first.outputs == ["log", "last"]
    assert names_in(second) == ["result"]


def test_what_others_read_anyway_is_loaded() -> None:
    first, second = shared(
        {
            "double": ("Add", "x", "x"),
            "last": ("Mul", "double", "double"),
            "result": ("Mul", "last", "same"),
        }
    )
    assert first.outputs == ["last"]
    assert names_in(second) == ["result"]


def test_truth_values_are_computed_where_they_are_used() -> None:
    first, second = shared(
        {
            "last": ("Log", "x"),
            "is_less": ("Less", "last", "x"),
            "chosen": ("Add", "same", "x"),
            "result": ("Where", "is_less", "chosen", "x"),
        }
    )
    assert first.outputs == ["last"]
    assert names_in(second) == ["is_less", "chosen", "result"]


def test_what_nobody_needs_any_more_is_left_out() -> None:
    first, _ = shared(
        {
            "last": ("Mul", "x", "x"),
            "double": ("Add", "x", "x"),
            "result": ("Mul", "double", "same"),
        }
    )
    assert names_in(first) == ["last"]


def group_of(
    kind: str, shape: tuple[int, ...], *arguments: list[int]
) -> list[list[onnx.NodeProto]]:
    """Groups of one operator on "x" [R, 3] with constant arguments."""
    constants = OnnxConstants()
    names = [constants.name_of(np.array(numbers)) for numbers in arguments]
    node = helper.make_node(kind, ["x", *names], ["result"])
    x, result = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["R", *dims])
        for name, dims in (("x", (3,)), ("result", shape))
    )
    graph = helper.make_graph([node], "graph", [x], [result])
    values = Values(graph, constants.tensors, np.dtype(np.float32))
    groups = row_groups([node], values, ["result"])
    for group in groups:
        RowProgram(group, values, ["x", *names], ["result"])
    return groups


def test_pads_may_be_negative_but_must_not_move_rows() -> None:
    assert group_of("Pad", (3,), [0, -1, 0, 1])
    assert not group_of("Pad", (3,), [1, 0, -1, 0])


def test_slices_of_rows_are_left_to_operators() -> None:
    assert group_of("Slice", (2,), [1], [3], [1])
    assert not group_of("Slice", (3,), [-1], [-(2**63)], [0], [-1])


def test_small_groups_stay_as_they_are() -> None:
    graph, constants = graph_with_a_sum_over_rows()
    before = graph.SerializeToString()
    join_rows(graph, constants, OnnxFunctions(), np.dtype(float))
    assert graph.SerializeToString() == before


def test_calls_of_functions_compute_what_their_nodes_did() -> None:
    """In an ONNX runtime without kernels, the reference one."""
    constants, functions = OnnxConstants(), OnnxFunctions()
    scale = constants.name_of(np.array([[2.0, 3.0, 5.0]]))
    shape = constants.name_of(np.array([-1, 1, 3]))
    nodes = [
        helper.make_node("Mul", ["x", scale], ["a"]),
        helper.make_node("Sin", ["a"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Reshape", ["c", shape], ["d"]),
    ]

    def info(name: str, *trailing: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["R", *trailing])

    graph = helper.make_graph(
        nodes, "graph", [info("x", 3)], [info("d", 1, 3), info("b", 3)],
        value_info=[info("a", 3), info("c", 3)],
    )  # fmt: skip
    join_rows(graph, constants, functions, np.dtype(float))
    assert [node.op_type for node in graph.node] == ["Rows_0"]
    graph.initializer.extend(constants.tensors)
    file = helper.make_model(
        graph,
        functions=list(functions.by_name.values()),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("sezm", 1)],
        ir_version=8,
    )
    onnx.checker.check_model(file)
    x = np.arange(6.0).reshape(2, 3)
    found = ReferenceEvaluator(file).run(None, {"x": x})
    a = x * numpy_helper.to_array(next(t for t in constants.tensors if t.name == scale))
    np.testing.assert_allclose(found[0], (a + np.sin(a))[:, None], rtol=1e-15)
    np.testing.assert_allclose(found[1], np.sin(a), rtol=1e-15)
