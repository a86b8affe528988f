"""Sums and maxima over the edges of each atom in ONNX.

ONNX Runtime loses updates in ``ScatterND`` with a reduction when it runs on more than one thread
(https://github.com/microsoft/onnxruntime/issues/18048), so it is never written. What is:

- narrow rows: ``ScatterElements``, whose index has to be expanded to the shape of the values;
- wide rows: a table [segments, K] of the rows of each segment, made once per call and index,
  through which rows are gathered and summed by a matrix product with the row of valid entries. K is
  the largest number of rows of a segment, but at most about twice the mean, so that one full
  segment does not blow up the table; what it leaves out goes by ``ScatterElements``.

Measured at 17,000 rows into 192 segments (2-core EPYC, ONNX Runtime 1.31, float32, 1 thread, ms):

    width                        1     12     32     96    288
    ScatterElements           0.11    1.6    4.3   20     84
    table, Gather, MatMul     0.28   0.28   0.29   0.77   3.8
    table, Gather, Mul, Sum   0.28   0.55   0.63   1.6    7.1
    ScatterND (wrong)         0.12   0.13   0.17   0.48   1.1

The table itself takes 0.7 ms if the rows are sorted by the index, 1.8 ms if not.

Either is the body of a function of the file, ``SumRows_0``, ``SumRows_1``, ... by the shape of a
row (``export/FORMAT.md``); functions for other parts of a model have the operators themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from onnx import TensorProto, helper
from torch import fx

from sezm_infer.contract import TensorSpec

from .graph_tools import shape, value
from .onnx_builder import OnnxBuilder, OnnxConstants
from .onnx_lowering import ONNX_TYPES, Lowering, Translation, width
from .rewrite_operators import fill_value

aten = torch.ops.aten

WIDE = 10
"""Rows of at least this many values are summed through a table."""

MAX_FUNCTIONS = 64
"""Kernels go by name; sums beyond are stock operators."""

TABLE_SPARE = 16
"""A table has up to twice the mean number of rows per segment, and this many more, as columns."""


@dataclass(frozen=True)
class _Table:
    """Names of values.

    Attributes:
        rows: [segments, K] int64.
        valid: [segments, 1, K] of 0 and 1.
        rest: [rest] int64, the rows that did not fit.
        rest_segment: [rest] int64, their segments.
    """

    rows: str
    valid: str
    rest: str
    rest_segment: str


def index_add(
    lowering: Lowering, node: fx.Node, base: fx.Node, dim: int, index: fx.Node, rows: fx.Node
) -> str:
    """``base`` plus, in row ``index[e]``, row e of ``rows``."""
    if dim != 0:
        raise NotImplementedError(f"index_add along axis {dim}")
    size, names = _n_segments(lowering, base), (lowering.names[index], lowering.names[rows])
    total = _called(lowering, node, size, *names) or _sum(lowering.builder, node, size, *names)
    if fill_value(base) == 0:
        return total
    return lowering.builder.op("Add", lowering.names[base], total)


def _called(lowering: Lowering, node: fx.Node, size: str, index: str, rows: str) -> str | None:
    """A call of the function that sums such rows, made at the first call; None if it has none."""
    functions = lowering.builder.functions
    if functions is None or not value(node).is_floating_point():
        return None
    dtype = str(value(node).dtype).removeprefix("torch.")
    signature = [
        TensorSpec("rows", ("n", *shape(node)[1:]), dtype, ""),
        TensorSpec("index", ("n",), "int64", ""),
        TensorSpec("size", (1,), "int64", ""),
    ]
    same = [name for name, given in functions.signatures.items() if given == signature]
    if same:
        name = same[0]
    else:
        number = sum(name.startswith("SumRows_") for name in functions.by_name)
        if number == MAX_FUNCTIONS:
            return None
        name = f"SumRows_{number}"
        body = OnnxBuilder(OnnxConstants())
        total = _sum(body, node, "size", "index", "rows")
        names = [spec.name for spec in signature]
        functions.add(body.function(name, names, [total], []), signature)
    return lowering.builder.call(name, [rows, index, size], [True])[0]


def _sum(builder: OnnxBuilder, node: fx.Node, size: str, index: str, rows: str) -> str:
    """Sums like ``node``, given names of their number and of index and rows."""
    if width(node) >= WIDE:
        return _sum_by_table(builder, node, size, index, rows)
    trailing = shape(node)[1:]
    axes = builder.op("Concat", size, builder.integers(*trailing), axis=0) if trailing else size
    zero = helper.make_tensor("value", ONNX_TYPES[value(node).dtype], [1], [0])
    base = builder.op("ConstantOfShape", axes, value=zero)
    return _scatter(builder, base, index, rows, node, "add")


def index_reduce(
    lowering: Lowering,
    node: fx.Node,
    base: fx.Node,
    dim: int,
    index: fx.Node,
    rows: fx.Node,
    reduce: str,
) -> str:
    """The largest of ``base`` and the rows of each segment."""
    if reduce != "amax" or dim != 0:
        raise NotImplementedError(f"index_reduce with {reduce!r} along axis {dim}")
    names = lowering.names[base], lowering.names[index], lowering.names[rows]
    return _scatter(lowering.builder, *names, node, "max")


def _scatter(
    builder: OnnxBuilder, base: str, index: str, rows: str, like: fx.Node, reduction: str
) -> str:
    """On [n, width] values, or [n] where the width is one: then the index fits as it is."""
    flat = [-1] if width(like) == 1 else [-1, width(like)]
    if len(flat) == 2:
        column = builder.op("Unsqueeze", index, builder.integers(1))
        length = builder.op("Shape", index)
        index = builder.op(
            "Expand", column, builder.op("Concat", length, builder.integers(flat[1]), axis=0)
        )
    base, rows = (builder.op("Reshape", name, builder.integers(*flat)) for name in (base, rows))
    result = builder.op("ScatterElements", base, index, rows, axis=0, reduction=reduction)
    return builder.op("Reshape", result, builder.integers(-1, *shape(like)[1:]))


# ------------------------------------------------------------------------ wide rows


def _sum_by_table(builder: OnnxBuilder, node: fx.Node, size: str, index: str, rows: str) -> str:
    table = _table(builder, size, index, ONNX_TYPES[value(node).dtype])
    flat = builder.op("Reshape", rows, builder.integers(-1, width(node)))
    gathered = builder.op("Gather", flat, table.rows, axis=0)  # [segments, K, width]
    total = builder.op("MatMul", table.valid, gathered)  # [segments, 1, width]
    rest = builder.op("Gather", flat, table.rest, axis=0)  # [rest, width]
    return _scatter(builder, total, table.rest_segment, rest, node, "add")


def _table(builder: OnnxBuilder, size: str, index: str, dtype: int) -> _Table:
    """Rows of each segment. Equal tables are built once, by the builder or by ONNX Runtime."""
    n_rows = builder.op("Shape", index, start=0, end=1)
    counts = _counts(builder, index, n_rows, size)
    first = builder.op("CumSum", counts, builder.integer(0), exclusive=1)  # [segments]
    order = builder.ascending(index)  # [rows]
    columns = _columns(builder, counts, n_rows, size)
    axis = builder.integers(1)
    rank = builder.op("Range", builder.integer(0), columns, builder.integer(1))  # [K]
    valid = builder.op("Less", rank, builder.op("Unsqueeze", counts, axis))  # [segments, K]
    slots = builder.op("Add", builder.op("Unsqueeze", first, axis), rank)
    slots = builder.op("Where", valid, slots, builder.integer(0))
    rest = _beyond(builder, index, order, first, columns)
    return _Table(
        rows=builder.op("Gather", order, slots, axis=0),
        valid=builder.op("Unsqueeze", builder.op("Cast", valid, to=dtype), axis),
        rest=rest,
        rest_segment=builder.op("Gather", index, rest, axis=0),
    )


def _n_segments(lowering: Lowering, base: fx.Node) -> str:
    if base.target is aten.full.default:
        return lowering.shape_vector(base.args[0][:1])  # type: ignore[index, arg-type]
    return lowering.length(base)


def _counts(builder: OnnxBuilder, positions: str, n_rows: str, n_segments: str) -> str:
    """Number of rows of each segment."""
    zero, one = (helper.make_tensor("value", TensorProto.INT64, [1], [n]) for n in (0, 1))
    zeros = builder.op("ConstantOfShape", n_segments, value=zero)
    ones = builder.op("ConstantOfShape", n_rows, value=one)
    return builder.op("ScatterElements", zeros, positions, ones, axis=0, reduction="add")


def _columns(builder: OnnxBuilder, counts: str, n_rows: str, n_segments: str) -> str:
    """K = min(largest count, 2 * mean + spare), without axes."""
    mean = builder.op("Div", n_rows, n_segments)
    limit = builder.op("Add", builder.op("Add", mean, mean), builder.integers(TABLE_SPARE))
    largest = builder.op("ReduceMax", counts, builder.integers(0), keepdims=1)
    return builder.op("Squeeze", builder.op("Min", largest, limit), builder.integers(0))


def _beyond(builder: OnnxBuilder, positions: str, order: str, first: str, columns: str) -> str:
    """Rows whose rank within their segment is K or more."""
    sorted_segment = builder.op("Gather", positions, order, axis=0)
    begin = builder.op("Gather", first, sorted_segment, axis=0)
    n_rows = builder.op("Squeeze", builder.op("Shape", positions), builder.integers(0))
    number = builder.op("Range", builder.integer(0), n_rows, builder.integer(1))
    beyond = builder.op("GreaterOrEqual", builder.op("Sub", number, begin), columns)
    where = builder.op("Squeeze", builder.op("NonZero", beyond), builder.integers(0))
    return builder.op("Gather", order, where, axis=0)


SEGMENTS: dict[Any, Translation] = {
    aten.index_add.default: index_add,
    aten.index_reduce.default: index_reduce,
}
