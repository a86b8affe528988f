"""ATen operators in ONNX that make tensors, or give them another shape."""

from __future__ import annotations

import operator
from typing import Any

import torch
from onnx import helper
from torch import fx

from .graph_tools import shape, value
from .onnx_lowering import ONNX_TYPES, Lowering, Translation

aten = torch.ops.aten


def _sym_size(lowering: Lowering, node: fx.Node, source: fx.Node, dim: int) -> str:
    return lowering.builder.op("Shape", lowering.names[source], start=dim, end=dim + 1)


def _size_arithmetic(kind: str) -> Translation:
    """On sizes and constants, as int64 vectors of length 1."""

    def translate(lowering: Lowering, node: fx.Node, left: fx.Node, right: Any) -> str:
        other = lowering.shape_vector([right])
        return lowering.builder.op(kind, lowering.names[left], other)

    return translate


def _reshape(lowering: Lowering, node: fx.Node, source: fx.Node, sizes: list[int]) -> str:
    """The first axis, where it stays as it is, as 0: runtimes then know its length if they know
    that of the source, also in functions, whose values are not described."""
    kept = shape(source)[:1] == shape(node)[:1] and sizes[:1] == [-1]
    lengths = [0, *sizes[1:]] if kept else sizes
    return lowering.builder.op(
        "Reshape", lowering.names[source], lowering.builder.integers(*lengths)
    )


def _permute(lowering: Lowering, node: fx.Node, source: fx.Node, dims: list[int]) -> str:
    axes = [dim % len(dims) for dim in dims]
    return lowering.builder.op("Transpose", lowering.names[source], perm=axes)


def _expand(lowering: Lowering, node: fx.Node, source: fx.Node, sizes: list[Any]) -> str:
    """A matrix that is only multiplied from the left is not repeated: MatMul does it."""
    is_matrix = value(source).dim() >= 2 and shape(source)[-2:] == shape(node)[-2:]
    if is_matrix and all(_is_left_factor(node, user) for user in node.users):
        return lowering.names[source]
    kept = [1 if size == -1 else size for size in sizes]
    return lowering.builder.op("Expand", lowering.names[source], lowering.shape_vector(kept))


def _is_left_factor(node: fx.Node, product: fx.Node) -> bool:
    return product.target is aten.bmm.default and product.args[0] is node is not product.args[1]


def _full(
    lowering: Lowering, node: fx.Node, sizes: list[Any], fill: Any, dtype: torch.dtype
) -> str:
    if not sizes:
        return lowering.operand(fill, dtype)
    if isinstance(fill, fx.Node):
        return lowering.builder.op("Expand", lowering.names[fill], lowering.shape_vector(sizes))
    filling = helper.make_tensor("value", ONNX_TYPES[dtype], [1], [fill])
    return lowering.builder.op("ConstantOfShape", lowering.shape_vector(sizes), value=filling)


def _arange(
    lowering: Lowering, node: fx.Node, start: Any, end: Any, step: Any = 1, **_: Any
) -> str:
    def number(argument: Any) -> str:
        vector = lowering.shape_vector([argument])
        return lowering.builder.op("Squeeze", vector, lowering.builder.integers(0))

    numbers = lowering.builder.op("Range", number(start), number(end), number(step))
    return (
        numbers if value(node).dtype == torch.int64 else lowering.cast(numbers, value(node).dtype)
    )


def _cat(lowering: Lowering, node: fx.Node, pieces: list[fx.Node], dim: int = 0) -> str:
    dtype = value(node).dtype
    names = [lowering.operand(piece, dtype) for piece in pieces]
    return lowering.builder.op("Concat", *names, axis=dim % value(node).dim())


def _pad(
    lowering: Lowering, node: fx.Node, source: fx.Node, pads: list[int], fill: float = 0.0
) -> str:
    """PyTorch lists (before, after) from the last axis on; ONNX all befores, then all afters."""
    missing = [0, 0] * (value(node).dim() - len(pads) // 2)
    pairs = [*pads, *missing]
    before, after = pairs[0::2][::-1], pairs[1::2][::-1]
    filling = lowering.operand(fill, value(node).dtype)
    return lowering.builder.op(
        "Pad", lowering.names[source], lowering.builder.integers(*before, *after), filling
    )


SHAPES: dict[Any, Translation] = {
    aten.sym_size.int: _sym_size,
    operator.mul: _size_arithmetic("Mul"),
    operator.add: _size_arithmetic("Add"),
    operator.floordiv: _size_arithmetic("Div"),  # rounds down, as sizes are not negative
    aten.reshape.default: _reshape,
    aten.permute.default: _permute,
    aten.expand.default: _expand,
    aten.full.default: _full,
    aten.arange.start_step: _arange,
    aten.cat.default: _cat,
    aten.constant_pad_nd.default: _pad,
}
