"""ATen operators in ONNX that sum or compare along axes: reductions and matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import fx

from .graph_tools import shape, value
from .onnx_lowering import NUMPY_TYPES, Lowering, Translation

aten = torch.ops.aten

LARGEST_SUM_PRODUCT = 4096
"""Multiplications per row up to which a sum is computed as a matrix product."""


def _reduction(kind: str) -> Translation:
    def translate(
        lowering: Lowering,
        node: fx.Node,
        source: fx.Node,
        dims: Any = None,
        keepdim: bool = False,
        dtype: torch.dtype | None = None,
    ) -> str:
        rank = value(source).dim()
        axes = [dim % rank for dim in dims] if dims else list(range(rank))
        name = lowering.operand(source, value(node).dtype)
        return lowering.builder.op(
            kind, name, lowering.builder.integers(*axes), keepdims=int(keepdim)
        )

    return translate


def _sum(
    lowering: Lowering,
    node: fx.Node,
    source: fx.Node,
    dims: Any = None,
    keepdim: bool = False,
    dtype: torch.dtype | None = None,
) -> str:
    """Sums over short axes that are not the last ones as a product with a matrix of 0 and 1.

    ONNX Runtime sums those row by row: [17688, 2, 2, 32] over axis 2 takes it 7.9 ms, the product
    1.5 ms; [17688, 2, 2, 9] 10.8 and 0.4 ms.
    """
    rank = value(source).dim()
    axes = sorted(dim % rank for dim in dims) if dims else list(range(rank))
    first, last = axes[0], axes[-1] + 1
    length, inner = math.prod(shape(source)[first:last]), math.prod(shape(source)[last:])
    adjacent = axes == list(range(first, last))
    if not adjacent or inner == 1 or length * inner * inner > LARGEST_SUM_PRODUCT:
        return _reduction("ReduceSum")(lowering, node, source, dims, keepdim, dtype)
    builder = lowering.builder
    name = lowering.operand(source, value(node).dtype)
    flat = builder.op("Reshape", name, builder.integers(-1, length * inner))
    ones: np.ndarray = np.tile(np.eye(inner, dtype=NUMPY_TYPES[value(node).dtype]), (length, 1))
    total = builder.op("MatMul", flat, builder.constant(ones))
    lead = math.prod(shape(source)[:first])
    lowering.describe(flat, value(node).dtype, (lead, length * inner))
    lowering.describe(total, value(node).dtype, (lead, inner))
    return lowering.reshaped(total, shape(node))


def _softmax(
    lowering: Lowering, node: fx.Node, source: fx.Node, dim: int, half_to_float: bool
) -> str:
    return lowering.builder.op("Softmax", lowering.names[source], axis=dim % value(node).dim())


def _cumsum(lowering: Lowering, node: fx.Node, source: fx.Node, dim: int) -> str:
    return lowering.builder.op("CumSum", lowering.names[source], lowering.builder.integer(dim))


def _product(lowering: Lowering, node: fx.Node, left: fx.Node, right: fx.Node) -> str:
    return lowering.builder.op("MatMul", lowering.names[left], lowering.names[right])


def _addmm(lowering: Lowering, node: fx.Node, bias: fx.Node, left: fx.Node, right: fx.Node) -> str:
    product = lowering.builder.op("MatMul", lowering.names[left], lowering.names[right])
    return lowering.builder.op("Add", product, lowering.names[bias])


REDUCTIONS: dict[Any, Translation] = {
    aten.sum.dim_IntList: _sum,
    aten.mean.dim: _reduction("ReduceMean"),
    aten.amax.default: _reduction("ReduceMax"),
    aten.amin.default: _reduction("ReduceMin"),
    aten._softmax.default: _softmax,
    aten.cumsum.default: _cumsum,
    aten.mm.default: _product,
    aten.bmm.default: _product,
    aten.addmm.default: _addmm,
}
