"""Views, permutations and broadcasts: as few as possible."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from .graph_tools import Rewriter, Rule, is_tensor, shape, value

aten = torch.ops.aten

BROADCASTING = (
    aten.add.Tensor,
    aten.sub.Tensor,
    aten.mul.Tensor,
    aten.div.Tensor,
    aten.where.self,
    aten.eq.Tensor,
    aten.ne.Tensor,
    aten.lt.Tensor,
    aten.le.Tensor,
    aten.gt.Tensor,
    aten.ge.Tensor,
    aten.maximum.default,
    aten.minimum.default,
    aten.pow.Tensor_Tensor,
    aten.logical_and.default,
)
"""Operators that broadcast their arguments by themselves."""


def _view(rewriter: Rewriter, node: fx.Node, source: fx.Node, *_: Any, **__: Any) -> Any:
    """Every reshaping as one view of the first tensor of the chain."""
    if shape(source) == shape(node):
        return source
    base = source
    while base.target is aten.reshape.default:
        base = base.args[0]  # type: ignore[assignment]
    sizes = rewriter.view_sizes(shape(node))
    if base is source and node.target is aten.reshape.default and list(node.args[1]) == sizes:  # type: ignore[arg-type]
        return None
    return rewriter.view(base, shape(node))


def _permute(rewriter: Rewriter, node: fx.Node, source: fx.Node, dims: Any) -> fx.Node | None:
    """Chains of permutations as one; those that only move axes of length one as views."""
    dims = [dim % len(dims) for dim in dims]
    moved = [dim for dim in dims if shape(source)[dim] != 1]
    if moved == sorted(moved):
        return rewriter.view(source, shape(node))
    if source.target is aten.permute.default:
        inner: Any = source.args[1]
        joined = [inner[dim] % len(dims) for dim in dims]
        return rewriter.call(aten.permute.default, source.args[0], joined)
    return None


def _expand(rewriter: Rewriter, node: fx.Node, source: fx.Node, *_: Any, **__: Any) -> Any:
    """No expansion to the same shape, nor of an expansion."""
    if shape(source) == shape(node):
        return source
    if source.target is aten.expand.default and value(node).dim() == value(source).dim():
        return rewriter.call(aten.expand.default, source.args[0], node.args[1])
    return None


def _broadcasting(rewriter: Rewriter, node: fx.Node, *arguments: Any, **options: Any) -> Any:
    """Without expanding the arguments, if the result keeps its shape."""
    shorter = [_unexpanded(argument) for argument in arguments]
    shapes = [shape(argument) for argument in shorter if is_tensor(argument)]
    unchanged = all(a is b for a, b in zip(shorter, arguments, strict=True))
    if unchanged or tuple(torch.broadcast_shapes(*shapes)) != shape(node):
        return None
    return rewriter.call(node.target, *shorter, **options)  # type: ignore[arg-type]


def _unexpanded(argument: Any) -> Any:
    if isinstance(argument, fx.Node) and argument.target is aten.expand.default:
        return argument.args[0]
    return argument


VIEW_RULES: dict[Any, Rule] = {
    aten.view.default: _view,
    aten.reshape.default: _view,
    aten.unsqueeze.default: _view,
    aten.squeeze.dims: _view,
    aten.squeeze.dim: _view,
    aten.permute.default: _permute,
    aten.expand.default: _expand,
} | dict.fromkeys(BROADCASTING, _broadcasting)
