"""Fewer kinds of operators, and none that do nothing."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import fx

from .graph_tools import Rewriter, Rule, is_tensor, shape, value

aten = torch.ops.aten

LARGEST_POWER = 16
"""Whole powers up to this are computed by multiplication."""


def fill_value(argument: Any) -> float | None:
    """The number that fills a tensor (or is the argument itself); None if there is no such."""
    while isinstance(argument, fx.Node) and argument.target in (
        aten.expand.default,
        aten.reshape.default,
    ):
        argument = argument.args[0]
    if isinstance(argument, fx.Node):
        argument = argument.args[1] if argument.target is aten.full.default else None
    return argument if isinstance(argument, (int, float)) else None


def _stands_for(this: Any, node: fx.Node) -> bool:
    """Whether ``this`` has the shape and dtype of ``node``."""
    return is_tensor(this) and shape(this) == shape(node) and value(this).dtype == value(node).dtype


# ------------------------------------------------------------------ operators that do nothing


def _identity(rewriter: Rewriter, node: fx.Node, source: fx.Node, **_: Any) -> fx.Node:
    return source


def _to_copy(rewriter: Rewriter, node: fx.Node, source: fx.Node, **options: Any) -> fx.Node | None:
    """Only conversions between dtypes remain, with no other option."""
    if value(source).dtype == value(node).dtype:
        return source
    if set(options) == {"dtype"}:
        return None
    return rewriter.call(aten._to_copy.default, source, dtype=value(node).dtype)


def _mul(rewriter: Rewriter, node: fx.Node, left: Any, right: Any) -> fx.Node | None:
    for this, other in ((left, right), (right, left)):
        fill = fill_value(other)
        if fill is None or not _stands_for(this, node):
            continue
        if fill == 1:
            return this
        if isinstance(other, fx.Node):
            return rewriter.call(aten.mul.Tensor, this, fill)
    return None


def _add(
    rewriter: Rewriter, node: fx.Node, left: Any, right: Any, **options: Any
) -> fx.Node | None:
    """Drops added zeros; an added negative is a subtraction."""
    if options:
        return None
    for this, other in ((left, right), (right, left)):
        if fill_value(other) == 0 and _stands_for(this, node):
            return this
        negated = isinstance(other, fx.Node) and other.target is aten.neg.default
        if negated and is_tensor(this):
            return rewriter.call(aten.sub.Tensor, this, other.args[0])
    return None


def _neg(rewriter: Rewriter, node: fx.Node, source: fx.Node) -> fx.Node | None:
    return source.args[0] if source.target is aten.neg.default else None  # type: ignore[return-value]


def _sum(
    rewriter: Rewriter, node: fx.Node, source: fx.Node, dims: Any, *options: Any, **_: Any
) -> fx.Node | None:
    """A sum over axes of length one is a view."""
    lengths = [shape(source)[dim] for dim in dims] if dims else shape(source)
    if math.prod(lengths) != 1 or not _same_dtype(source, node):
        return None
    return rewriter.view(source, shape(node))


def _same_dtype(source: fx.Node, node: fx.Node) -> bool:
    return value(source).dtype == value(node).dtype


# --------------------------------------------------------------- one form for several of a kind


def _full(rewriter: Rewriter, node: fx.Node, sizes: Any, fill: Any, **options: Any) -> Any:
    """With a dtype and no other option."""
    if set(options) == {"dtype"}:
        return None
    return rewriter.call(aten.full.default, sizes, fill, dtype=value(node).dtype)


def _full_like(rewriter: Rewriter, node: fx.Node, like: fx.Node, fill: Any, **_: Any) -> fx.Node:
    return rewriter.call(
        aten.full.default, rewriter.lengths(shape(like)), fill, dtype=value(node).dtype
    )


def _scalar_tensor(rewriter: Rewriter, node: fx.Node, fill: Any, **_: Any) -> fx.Node:
    return rewriter.call(aten.full.default, [], fill, dtype=value(node).dtype)


def _where(rewriter: Rewriter, node: fx.Node, condition: Any, this: Any, other: Any) -> Any:
    """A filled branch is broadcast from a scalar."""
    for branch, rest in ((this, other), (other, this)):
        fill = fill_value(branch)
        if fill is None or shape(branch) == () or shape(rest) != shape(node):
            continue
        scalar = rewriter.call(aten.full.default, [], fill, dtype=value(branch).dtype)
        branches = (scalar, rest) if branch is this else (rest, scalar)
        return rewriter.call(aten.where.self, condition, *branches)
    return None


def _tensor_form(rewriter: Rewriter, node: fx.Node, *arguments: Any, **options: Any) -> fx.Node:
    """``op.Scalar`` as ``op.Tensor``, which takes numbers too."""
    return rewriter.call(node.target.overloadpacket.Tensor, *arguments, **options)  # type: ignore[union-attr]


def _div(rewriter: Rewriter, node: fx.Node, left: Any, right: Any) -> fx.Node | None:
    """Division by a number is multiplication with its inverse."""
    fill = fill_value(right)
    if not fill or not is_tensor(left) or not value(node).is_floating_point():
        return None
    return rewriter.call(aten.mul.Tensor, left, 1.0 / fill)


def _sub(rewriter: Rewriter, node: fx.Node, left: Any, right: Any, **_: Any) -> fx.Node | None:
    """A number minus a tensor: TorchScript has no ``sub`` for it."""
    if is_tensor(left):
        return None
    return rewriter.call(aten.rsub.Scalar, right, left)


def _pow(rewriter: Rewriter, node: fx.Node, base: fx.Node, exponent: Any) -> fx.Node | None:
    """Whole powers by multiplication."""
    if exponent == 1:
        return base
    if exponent != int(exponent) or not 2 <= exponent <= LARGEST_POWER:
        return None
    half, odd = divmod(int(exponent), 2)
    root = base if half == 1 else rewriter.call(aten.pow.Tensor_Scalar, base, half)
    square = rewriter.call(aten.mul.Tensor, root, root)
    return rewriter.call(aten.mul.Tensor, square, base) if odd else square


def _sum_all(rewriter: Rewriter, node: fx.Node, source: fx.Node, **_: Any) -> fx.Node:
    return rewriter.call(aten.sum.dim_IntList, source, list(range(value(source).dim())))


def _out_of_place(rewriter: Rewriter, node: fx.Node, source: fx.Node, *others: Any) -> fx.Node:
    """C++ derivatives write into temporaries of their own, which nothing else reads afterwards."""
    later = [user for user in source.users if user is not node and node < user]
    assert not later, f"{later} read {source}, which {node} overwrites"
    return rewriter.call(OUT_OF_PLACE[node.target], source, *others)


def _index(rewriter: Rewriter, node: fx.Node, source: fx.Node, indices: Any) -> fx.Node | None:
    """Indexing the first axis by one tensor of integers is ``index_select``."""
    index = indices[0]
    if len(indices) != 1 or value(index).dtype != torch.int64:
        return None
    flat = rewriter.view(index, (value(index).numel(),))
    return rewriter.view(rewriter.call(aten.index_select.default, source, 0, flat), shape(node))


OUT_OF_PLACE: dict[Any, Any] = {aten.logical_and_.default: aten.logical_and.default}

OPERATOR_RULES: dict[Any, Rule] = {
    aten.alias.default: _identity,
    aten.detach.default: _identity,
    aten.clone.default: _identity,
    aten.lift_fresh_copy.default: _identity,
    aten._to_copy.default: _to_copy,
    aten.full.default: _full,
    aten.full_like.default: _full_like,
    aten.scalar_tensor.default: _scalar_tensor,
    aten.mul.Tensor: _mul,
    aten.mul.Scalar: _tensor_form,
    aten.add.Tensor: _add,
    aten.add.Scalar: _tensor_form,
    aten.sub.Scalar: _tensor_form,
    aten.sub.Tensor: _sub,
    aten.div.Scalar: _tensor_form,
    aten.div.Tensor: _div,
    aten.pow.Tensor_Scalar: _pow,
    aten.neg.default: _neg,
    aten.sum.default: _sum_all,
    aten.sum.dim_IntList: _sum,
    aten.index.Tensor: _index,
    aten.where.self: _where,
} | dict.fromkeys(OUT_OF_PLACE, _out_of_place)
