"""Sums and maxima over the edges of each atom in ONNX.

ONNX Runtime loses updates in ``ScatterND`` with a reduction when it runs on more than one thread
(https://github.com/microsoft/onnxruntime/issues/18048), so it is never written. What is:

- narrow rows: ``ScatterElements``, whose index has to be expanded to the shape of the values;
- wide rows: a table [atoms, K] of the edges of each atom, K being the largest number of edges of an
  atom, made once per call and index; rows are gathered through it and summed by a matrix product
  with the row of valid entries.

Measured at 17,000 edges into 192 atoms (2-core EPYC, ONNX Runtime 1.31, float32, 1 thread, ms):

    width                        1     12     32     96    288
    ScatterElements           0.11    1.6    4.3   20     84
    table, Gather, MatMul     0.28   0.28   0.29   0.77   3.8
    table, Gather, Mul, Sum   0.28   0.55   0.63   1.6    7.1
    ScatterND (wrong)         0.12   0.13   0.17   0.48   1.1

The table itself takes 0.7 ms if the edges are sorted by the index, 1.8 ms if not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from onnx import TensorProto, helper
from torch import fx

from .graph_tools import shape, value
from .onnx_lowering import Lowering, width
from .rewrite_operators import fill_value

WIDE = 10
"""Rows of at least this many values are summed through a table.

Sums over the atoms of each system are narrower: a table would hold [systems, atoms]."""


@dataclass(frozen=True)
class _Table:
    """Names of values: edges [atoms, K] int64, and valid [atoms, 1, K] of 0 and 1."""

    edges: str
    valid: str


def index_add(
    lowering: Lowering,
    node: fx.Node,
    base: fx.Node,
    dim: int,
    index: fx.Node,
    rows: fx.Node,
) -> str:
    """``base`` plus, in row ``index[e]``, row e of ``rows``."""
    _require_first_axis(node, dim)
    if width(rows) < WIDE:
        return _scatter(lowering, base, index, rows, "add")
    total = _sum_by_table(lowering, base, index, rows)
    if fill_value(base) == 0:
        return total
    return lowering.builder.op("Add", lowering.names[base], total)


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
    _require_first_axis(node, dim)
    if reduce != "amax":
        raise NotImplementedError(f"index_reduce with {reduce!r}")
    return _scatter(lowering, base, index, rows, "max")


def _require_first_axis(node: fx.Node, dim: int) -> None:
    if dim != 0:
        raise NotImplementedError(f"{node.target} along axis {dim}")


def _scatter(
    lowering: Lowering, base: fx.Node, index: fx.Node, rows: fx.Node, reduction: str
) -> str:
    """On [n, width] values, or [n] where the width is one: then the index fits as it is."""
    builder = lowering.builder
    columns = () if width(rows) == 1 else (width(rows),)
    flat_base = lowering.reshaped(lowering.names[base], (shape(base)[0], *columns))
    flat_rows = lowering.reshaped(lowering.names[rows], (shape(rows)[0], *columns))
    positions = lowering.names[index]
    if columns:
        column = builder.op("Unsqueeze", positions, builder.integers(1))
        row_shape = builder.op(
            "Concat", lowering.length(index), builder.integers(*columns), axis=0
        )
        positions = builder.op("Expand", column, row_shape)
    result = builder.op(
        "ScatterElements", flat_base, positions, flat_rows, axis=0, reduction=reduction
    )
    return lowering.reshaped(result, shape(base))


def _sum_by_table(lowering: Lowering, base: fx.Node, index: fx.Node, rows: fx.Node) -> str:
    builder = lowering.builder
    table = _table(lowering, base, index, value(rows).dtype)
    flat = lowering.reshaped(lowering.names[rows], (shape(rows)[0], width(rows)))
    gathered = builder.op("Gather", flat, table.edges, axis=0)  # [atoms, K, width]
    total = builder.op("MatMul", table.valid, gathered)  # [atoms, 1, width]
    return lowering.reshaped(total, shape(base))


def _table(lowering: Lowering, base: fx.Node, index: fx.Node, dtype: torch.dtype) -> _Table:
    """The edges of each atom; equal tables are built once, as the builder merges equal nodes."""
    builder = lowering.builder
    positions = lowering.names[index]
    edges = lowering.length(index)
    zero, one = (helper.make_tensor("value", TensorProto.INT64, [1], [n]) for n in (0, 1))
    counts = builder.op(  # [atoms]
        "ScatterElements",
        builder.op("ConstantOfShape", lowering.length(base), value=zero),
        positions,
        builder.op("ConstantOfShape", edges, value=one),
        axis=0,
        reduction="add",
    )
    first = builder.op("CumSum", counts, builder.integer(0), exclusive=1)  # [atoms]
    largest = builder.op("ReduceMax", counts, keepdims=0)
    rank = builder.op("Range", builder.integer(0), largest, builder.integer(1))  # [K]
    column = builder.integers(1)
    valid = builder.op("Less", rank, builder.op("Unsqueeze", counts, column))  # [atoms, K]
    slots = builder.op("Add", builder.op("Unsqueeze", first, column), rank)
    slots = builder.op("Where", valid, slots, builder.integer(0))
    order = builder.ascending(positions, edges)  # [edges]
    return _Table(
        edges=builder.op("Gather", order, slots, axis=0),
        valid=builder.op("Unsqueeze", lowering.cast(valid, dtype), column),
    )


SEGMENT_TRANSLATIONS: dict[Any, Any] = {
    torch.ops.aten.index_add.default: index_add,
    torch.ops.aten.index_reduce.default: index_reduce,
}
