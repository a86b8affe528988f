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
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from onnx import TensorProto, helper
from torch import fx

from .graph_tools import shape, value
from .onnx_lowering import Lowering, Translation, width
from .rewrite_operators import fill_value

aten = torch.ops.aten

WIDE = 10
"""Rows of at least this many values are summed through a table."""

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
    base_name, rows_name = lowering.names[base], lowering.names[rows]
    if width(rows) < WIDE:
        return _scatter(lowering, base_name, lowering.names[index], rows_name, node, "add")
    total = _sum_by_table(lowering, node, base, index, rows)
    return total if fill_value(base) == 0 else lowering.builder.op("Add", base_name, total)


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
    return _scatter(lowering, *names, node, "max")


def _scatter(
    lowering: Lowering, base: str, index: str, rows: str, like: fx.Node, reduction: str
) -> str:
    """On [n, width] values, or [n] where the width is one: then the index fits as it is."""
    builder = lowering.builder
    flat = [-1] if width(like) == 1 else [-1, width(like)]
    if len(flat) == 2:
        column = builder.op("Unsqueeze", index, builder.integers(1))
        length = builder.op("Shape", index)
        index = builder.op(
            "Expand", column, builder.op("Concat", length, builder.integers(flat[1]), axis=0)
        )
    base, rows = (builder.op("Reshape", name, builder.integers(*flat)) for name in (base, rows))
    result = builder.op("ScatterElements", base, index, rows, axis=0, reduction=reduction)
    return lowering.reshaped(result, shape(like))


# ------------------------------------------------------------------------ wide rows


def _sum_by_table(
    lowering: Lowering, node: fx.Node, base: fx.Node, index: fx.Node, rows: fx.Node
) -> str:
    builder = lowering.builder
    table = _table(lowering, base, index, value(rows).dtype)
    flat_shape = builder.integers(-1, width(rows))
    flat = builder.op("Reshape", lowering.names[rows], flat_shape)
    gathered = builder.op("Gather", flat, table.rows, axis=0)  # [segments, K, width]
    total = builder.op("MatMul", table.valid, gathered)  # [segments, 1, width]
    rest = builder.op("Gather", flat, table.rest, axis=0)  # [rest, width]
    return _scatter(lowering, total, table.rest_segment, rest, node, "add")


def _table(lowering: Lowering, base: fx.Node, index: fx.Node, dtype: torch.dtype) -> _Table:
    """Rows of each segment; equal tables are built once, as the builder merges equal nodes."""
    builder = lowering.builder
    positions = lowering.names[index]
    n_rows, n_segments = builder.op("Shape", positions), _n_segments(lowering, base)
    counts = _counts(lowering, positions, n_rows, n_segments)
    first = builder.op("CumSum", counts, builder.integer(0), exclusive=1)  # [segments]
    order = builder.ascending(positions, n_rows)  # [rows]
    columns = _columns(lowering, counts, n_rows, n_segments)
    axis = builder.integers(1)
    rank = builder.op("Range", builder.integer(0), columns, builder.integer(1))  # [K]
    valid = builder.op("Less", rank, builder.op("Unsqueeze", counts, axis))  # [segments, K]
    slots = builder.op("Add", builder.op("Unsqueeze", first, axis), rank)
    slots = builder.op("Where", valid, slots, builder.integer(0))
    rest = _beyond(lowering, positions, order, first, columns)
    return _Table(
        rows=builder.op("Gather", order, slots, axis=0),
        valid=builder.op("Unsqueeze", lowering.cast(valid, dtype), axis),
        rest=rest,
        rest_segment=builder.op("Gather", positions, rest, axis=0),
    )


def _n_segments(lowering: Lowering, base: fx.Node) -> str:
    if base.target is aten.full.default:
        return lowering.shape_vector(base.args[0][:1])  # type: ignore[index, arg-type]
    return lowering.length(base)


def _counts(lowering: Lowering, positions: str, n_rows: str, n_segments: str) -> str:
    """Number of rows of each segment."""
    builder = lowering.builder
    zero, one = (helper.make_tensor("value", TensorProto.INT64, [1], [n]) for n in (0, 1))
    zeros = builder.op("ConstantOfShape", n_segments, value=zero)
    ones = builder.op("ConstantOfShape", n_rows, value=one)
    return builder.op("ScatterElements", zeros, positions, ones, axis=0, reduction="add")


def _columns(lowering: Lowering, counts: str, n_rows: str, n_segments: str) -> str:
    """K = min(largest count, 2 * mean + spare), without axes."""
    builder = lowering.builder
    mean = builder.op("Div", n_rows, n_segments)
    limit = builder.op("Add", builder.op("Add", mean, mean), builder.integers(TABLE_SPARE))
    largest = builder.op("ReduceMax", counts, builder.integers(0), keepdims=1)
    return builder.op("Squeeze", builder.op("Min", largest, limit), builder.integers(0))


def _beyond(lowering: Lowering, positions: str, order: str, first: str, columns: str) -> str:
    """Rows whose rank within their segment is K or more."""
    builder = lowering.builder
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
