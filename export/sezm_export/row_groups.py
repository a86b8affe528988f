"""Parts of an ONNX graph that compute each row on its own: of edges, of one edge, of one atom.

Tensors of edges have R rows (``neighbor_rows``), each with ``k * prod(trailing)`` numbers: shapes
[k*R, ...]; those of E edges and N atoms likewise. Operators that keep rows apart form groups;
between groups stand operators that bring rows together, such as sums over the edges of an atom. A
node's level is the largest number of such operators before it, so that nodes of one level can be
computed in one go.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

Dims = list[int | str]

ELEMENTWISE = {
    "Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Reciprocal", "Exp", "Log", "Sin", "Cos", "Sigmoid",
    "Clip", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Where", "Identity",
}  # fmt: skip

LAYOUT = {"Reshape", "Transpose", "Slice", "Concat", "Expand", "Pad", "Squeeze", "Unsqueeze"}

PLAIN = b"constant"
"""Mode of Pad, the only one that programs know."""


@dataclass(frozen=True)
class Rows:
    """Rows of one kind. Beyond these limits programs are no faster than operators: too little of
    what they compute stays in the cache.

    Attributes:
        letter: that stands for their number.
        widest: numbers in a row of one value.
        largest_matrix: numbers of a constant factor.
    """

    letter: str
    widest: int
    largest_matrix: int


KINDS_OF_ROWS = (Rows("R", 4096, 16384), Rows("E", 4096, 16384), Rows("N", 512, 4096))
"""Rows of four slots of edges, edges, atoms."""


class Values:
    """What is known of the values of a graph.

    Args:
        graph: with described values.
        constants: of the file, which graphs inside it share.
        real: type of the file; values of other precision are left alone.
        rows: the kind that groups are made of.
    """

    def __init__(
        self,
        graph: onnx.GraphProto,
        constants: Iterable[TensorProto],
        real: np.dtype,
        rows: Rows = KINDS_OF_ROWS[0],
    ) -> None:
        self.rows = rows
        self._first_axis = re.compile(rf"(?:(\d+)\*)?{rows.letter}")
        self.real: int = onnx.helper.np_dtype_to_tensor_dtype(real)
        self.dims: dict[str, Dims] = {}
        self.types: dict[str, int] = {}
        for info in (*graph.value_info, *graph.input, *graph.output):
            tensor = info.type.tensor_type
            self.types[info.name] = tensor.elem_type
            if tensor.HasField("shape"):
                self.dims[info.name] = [d.dim_param or d.dim_value for d in tensor.shape.dim]
        self.constants = {tensor.name: tensor for tensor in constants}
        for node in graph.node:  # weights, which files hold once for both directions
            if node.op_type == "Transpose" and node.input[0] in self.constants:
                weight = onnx.numpy_helper.to_array(self.constants[node.input[0]])
                name, order = node.output[0], attributes_of(node)["perm"]
                self.constants[name] = onnx.numpy_helper.from_array(weight.transpose(order), name)

    def is_number(self, name: str) -> bool:
        """Whether a value is of the file's real type, or truth values."""
        return self.types.get(name) in (self.real, TensorProto.BOOL)

    def per_row(self, name: str) -> tuple[int, ...] | None:
        """Shape (k, trailing ...) of a value [k*R, trailing ...]; None of any other."""
        dims = self.dims.get(name)
        match = self._first_axis.fullmatch(str(dims[0])) if dims else None
        if match is None or not all(isinstance(length, int) for length in dims[1:]):  # type: ignore[index]
            return None
        return (int(match[1] or 1), *dims[1:])  # type: ignore[index]


def row_groups(
    nodes: Sequence[onnx.NodeProto],
    values: Values,
    results: Iterable[str],
    smallest: int = 1,
    most: int | None = None,
) -> list[list[onnx.NodeProto]]:
    """Nodes that keep rows apart, by level; each group in the order of the graph.

    Args:
        nodes: of the graph.
        values: of the graph.
        results: its outputs.
        smallest: nodes of a group; what would be in smaller ones stays alone.
        most: groups; further ones are left alone.
    """
    refused: set[str] = set()
    while True:
        groups = _by_level(nodes, values, refused)
        alone = set(_escaping(groups, nodes, values, results))
        for number, group in enumerate(groups):
            if len(group) < smallest or (most is not None and number >= most):
                alone |= {node.output[0] for node in group}
        if not alone:
            return groups
        refused |= alone


def read_by(node: onnx.NodeProto) -> list[str]:
    """Names that a node reads, those of graphs inside it included."""
    names = list(node.input)
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            for inner in attribute.g.node:
                names += read_by(inner)
            names += [output.name for output in attribute.g.output]
    return [name for name in names if name]


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """By name."""
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _by_level(
    nodes: Sequence[onnx.NodeProto], values: Values, refused: set[str]
) -> list[list[onnx.NodeProto]]:
    level: dict[str, int] = defaultdict(int)
    in_group: set[str] = set()
    groups: dict[int, list[onnx.NodeProto]] = defaultdict(list)
    for node in nodes:
        keeps = node.output[0] not in refused and _keeps_rows(node, values)
        own = max(
            (level[name] + (name in in_group and not keeps) for name in read_by(node)), default=0
        )
        for name in node.output:
            level[name] = own
            if keeps:
                in_group.add(name)
        if keeps:
            groups[own].append(node)
    return [groups[key] for key in sorted(groups)]


def _escaping(
    groups: Sequence[Sequence[onnx.NodeProto]],
    nodes: Sequence[onnx.NodeProto],
    values: Values,
    results: Iterable[str],
) -> Iterable[str]:
    """Truth values that other nodes use; groups hand on real numbers only."""
    inside = {node.output[0] for group in groups for node in group}
    read = {name for node in nodes if node.output[0] not in inside for name in read_by(node)}
    for name in inside & (read | set(results)):
        if values.types.get(name) != values.real:
            yield name


def _keeps_rows(node: onnx.NodeProto, values: Values) -> bool:
    """Whether each row of the result depends on the same row of the arguments alone."""
    shape = values.per_row(node.output[0]) if len(node.output) == 1 else None
    if shape is None or node.domain not in ("", "ai.onnx") or _size(shape) > values.rows.widest:
        return False
    if not values.is_number(node.output[0]):
        return False
    rule = _RULES.get(node.op_type)
    return rule is not None and rule(node, shape, values)


def _size(shape: Sequence[int]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def _is_row_value(name: str, values: Values) -> bool:
    return values.per_row(name) is not None and values.is_number(name)


def _elementwise(node: onnx.NodeProto, shape: tuple[int, ...], values: Values) -> bool:
    rank = len(shape)
    for name in filter(None, node.input):
        other = values.per_row(name)
        if other is not None:
            if not _is_row_value(name, values) or len(other) != rank or other[0] != shape[0]:
                return False
        elif name not in values.constants or not _broadcasts(
            values.constants[name], rank, values.real
        ):
            return False
    return True


def _broadcasts(tensor: TensorProto, rank: int, real: int) -> bool:
    """Whether a constant is the same for all rows of a value of this rank."""
    dims = list(tensor.dims)
    if tensor.data_type not in (real, TensorProto.BOOL) or len(dims) > rank:
        return False
    return len(dims) < rank or dims[0] == 1


def _relayout(node: onnx.NodeProto, shape: tuple[int, ...], values: Values) -> bool:
    """Another order of the numbers of each row."""
    data = values.per_row(node.input[0])
    if data is None or not _is_row_value(node.input[0], values):
        return False
    if node.op_type in ("Reshape", "Squeeze", "Unsqueeze"):
        return _size(data) == _size(shape)
    if node.op_type == "Transpose":
        return attributes_of(node)["perm"][0] == 0
    if data[0] != shape[0]:
        return False
    if node.op_type == "Expand":
        return len(data) == len(shape)
    if node.op_type == "Pad" and (
        len(node.input) > 3 or attributes_of(node).get("mode", PLAIN) != PLAIN
    ):
        return False
    if not all(name in values.constants for name in node.input[1:] if name):
        return False
    given = [onnx.numpy_helper.to_array(values.constants[name]) for name in node.input[1:] if name]
    if node.op_type == "Pad":
        return given[0][0] == given[0][len(data)] == 0
    return len(given) > 2 and all(axis % len(data) > 0 for axis in given[2])


def _concat(node: onnx.NodeProto, shape: tuple[int, ...], values: Values) -> bool:
    axis = attributes_of(node)["axis"] % len(shape)
    return axis > 0 and all(_is_row_value(name, values) for name in node.input)


def _matmul(node: onnx.NodeProto, shape: tuple[int, ...], values: Values) -> bool:
    left, right = (values.per_row(name) for name in node.input)
    if left is None or not _is_row_value(node.input[0], values):
        return False
    if right is not None:
        return _is_row_value(node.input[1], values) and len(left) == len(right) == 3
    constant = values.constants.get(node.input[1])
    if constant is None or len(constant.dims) != 2 or left[0] != shape[0]:
        return False
    fits = 0 < _size(constant.dims) <= values.rows.largest_matrix
    return fits and constant.data_type == values.real


def _sum(node: onnx.NodeProto, shape: tuple[int, ...], values: Values) -> bool:
    axes = values.constants.get(node.input[1]) if len(node.input) > 1 else None
    if axes is None or not _is_row_value(node.input[0], values):
        return False
    rank = len(values.per_row(node.input[0]) or ())
    return all(int(axis) % rank > 0 for axis in onnx.numpy_helper.to_array(axes))


def _gather(node: onnx.NodeProto, shape: tuple[int, ...], values: Values) -> bool:
    axis = attributes_of(node).get("axis", 0)
    if axis > 0:
        return _is_row_value(node.input[0], values) and node.input[1] in values.constants
    data, index = node.input
    dims = values.dims.get(data) or list(getattr(values.constants.get(data), "dims", ()))
    is_real = values.types.get(data) == values.real or (
        data in values.constants and values.constants[data].data_type == values.real
    )
    return (
        is_real
        and values.per_row(data) is None
        and len(dims) > 1
        and all(isinstance(length, int) for length in dims[1:])
        and len(values.dims.get(index, ())) == 1
        and values.types.get(index) == TensorProto.INT64
        and values.per_row(index) is not None
    )


_RULES: Mapping[str, Any] = {
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    **dict.fromkeys(LAYOUT - {"Concat"}, _relayout),
    "Concat": _concat,
    "MatMul": _matmul,
    "ReduceSum": _sum,
    "ReduceMax": _sum,
    "Gather": _gather,
}
