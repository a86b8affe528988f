"""ATen operators in ONNX that pick, place and order entries."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import fx

from .graph_tools import value
from .onnx_lowering import Lowering, Translation

aten = torch.ops.aten


def _slice(
    lowering: Lowering, node: fx.Node, source: fx.Node, dim: int, start: Any, end: Any
) -> str:
    bounds = (lowering.shape_vector([bound]) for bound in (start, end, dim))
    return lowering.builder.op("Slice", lowering.names[source], *bounds)


def _select(lowering: Lowering, node: fx.Node, source: fx.Node, dim: int, index: int) -> str:
    position = lowering.builder.integer(index)
    return lowering.builder.op(
        "Gather", lowering.names[source], position, axis=dim % value(source).dim()
    )


def _index_select(
    lowering: Lowering, node: fx.Node, source: fx.Node, dim: int, index: fx.Node
) -> str:
    return lowering.builder.op(
        "Gather", lowering.names[source], lowering.names[index], axis=dim % value(source).dim()
    )


def _scatter(
    lowering: Lowering, node: fx.Node, base: fx.Node, dim: int, index: fx.Node, rows: fx.Node
) -> str:
    names = [lowering.names[source] for source in (base, index, rows)]
    return lowering.builder.op("ScatterElements", *names, axis=dim)


def _sort(
    lowering: Lowering, node: fx.Node, source: fx.Node, *, stable: bool, dim: int = -1
) -> Any:
    """Of a vector, ascending: the names of sorted values and of their positions."""
    assert value(source).dim() == 1
    order = lowering.builder.ascending(lowering.names[source])
    return lowering.builder.op("Gather", lowering.names[source], order, axis=0), order


def _output(lowering: Lowering, node: fx.Node, source: fx.Node, position: int) -> str:
    return lowering.names[source][position]


INDEXING: dict[Any, Translation] = {
    aten.slice.Tensor: _slice,
    aten.select.int: _select,
    aten.index_select.default: _index_select,
    aten.scatter.src: _scatter,
    aten.sort.stable: _sort,
    operator.getitem: _output,
}
