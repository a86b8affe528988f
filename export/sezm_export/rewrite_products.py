"""Matrix products as few and as large as possible.

``x @ weight`` with x of three or more axes that are not contiguous becomes, in PyTorch, one small
product per entry of the leading axes, with the weight repeated for each.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from .graph_tools import Rewriter, Rule, shape, value

aten = torch.ops.aten


def _bmm(rewriter: Rewriter, node: fx.Node, left: fx.Node, right: fx.Node) -> fx.Node | None:
    """One product instead of a batch, where the right matrix is the same throughout."""
    matrix = repeated_matrix(rewriter, right)
    if matrix is None:
        return None
    rows = shape(left)[0] * shape(left)[1]
    flat = rewriter.view(left, (rows, shape(left)[2]))
    return rewriter.view(rewriter.call(aten.mm.default, flat, matrix), shape(node))


def repeated_matrix(rewriter: Rewriter, node: fx.Node) -> fx.Node | None:
    """The matrix [I, O] that each entry of a batch [..., I, O] is; None if they differ."""
    if value(node).dim() == 2:
        return node
    if all(length == 1 for length in shape(node)[:-2]):
        return rewriter.view(node, shape(node)[-2:])
    source: Any = node.args[0] if node.args else None
    if not isinstance(source, fx.Node):
        return None
    if node.target is aten.permute.default and _swaps_last_two(node.args[1]):
        matrix = repeated_matrix(rewriter, source)
        return None if matrix is None else rewriter.call(aten.permute.default, matrix, [1, 0])
    repeats = node.target in (aten.expand.default, aten.reshape.default)
    if repeats and value(source).dim() >= 2 and shape(source)[-2:] == shape(node)[-2:]:
        return repeated_matrix(rewriter, source)
    return None


def _swaps_last_two(dims: Any) -> bool:
    rank = len(dims)
    wanted = [*range(rank - 2), rank - 1, rank - 2]
    return [dim % rank for dim in dims] == wanted


PRODUCT_RULES: dict[Any, Rule] = {aten.bmm.default: _bmm}
