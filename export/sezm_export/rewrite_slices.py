"""Slices, and their derivatives: a sum of zero-padded slices is one concatenation."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from .graph_tools import Rewriter, Rule, is_tensor, shape, value
from .rewrite_operators import fill_value

aten = torch.ops.aten


def _slice(
    rewriter: Rewriter,
    node: fx.Node,
    source: fx.Node,
    dim: int = 0,
    start: Any = None,
    end: Any = None,
    step: int = 1,
) -> fx.Node | None:
    """Nothing for a whole axis; slices of slices as one; a slice of one piece of a ``cat``.

    Bounds become positions in 0 .. length.
    """
    if shape(source) == shape(node):
        return source
    if step != 1:
        return None
    dim = dim % value(source).dim()
    first, last = _bounds(shape(source)[dim], start, end)
    if source.target is aten.cat.default and source.args[1] == dim:
        for piece, begin in _pieces(source, dim):
            if begin <= first and last <= begin + shape(piece)[dim]:
                return _rows(rewriter, piece, dim, first - begin, last - begin)
    if source.target is aten.slice.Tensor and source.args[1] == dim:
        base: Any = source.args[0]
        offset, _ = _bounds(shape(base)[dim], *source.args[2:4])
        return _rows(rewriter, base, dim, first + offset, last + offset)
    if node.args == (source, dim, *rewriter.lengths([first, last])):
        return None
    return _rows(rewriter, source, dim, first, last)


def _bounds(length: int, start: Any, end: Any) -> tuple[int, int]:
    """First and last position of a slice, at the sample sizes."""
    numbers = (n.meta["val"] if isinstance(n, fx.Node) else n for n in (start, end))
    first, last, _ = slice(*numbers).indices(length)
    return first, last


def _rows(rewriter: Rewriter, source: fx.Node, dim: int, first: int, last: int) -> fx.Node:
    if (first, last) == (0, shape(source)[dim]):
        return source
    return rewriter.call(aten.slice.Tensor, source, dim, *rewriter.lengths([first, last]))


def _pieces(cat: fx.Node, dim: int) -> Iterator[tuple[fx.Node, int]]:
    """The pieces of a concatenation with their first positions."""
    begin = 0
    for piece in cat.args[0]:  # type: ignore[union-attr]
        yield piece, begin  # type: ignore[misc]
        begin += shape(piece)[dim]  # type: ignore[arg-type]


def _split_piece(rewriter: Rewriter, node: fx.Node, split: fx.Node, position: int) -> Any:
    """One output of ``split_with_sizes`` as a slice."""
    if split.target is not aten.split_with_sizes.default:
        return None
    source, lengths, dim = (*split.args, 0)[:3]
    start = sum(lengths[:position])  # type: ignore[arg-type, index]
    end = start + lengths[position]  # type: ignore[index, operator]
    return rewriter.call(aten.slice.Tensor, source, dim, start, end)


def _cat(rewriter: Rewriter, node: fx.Node, pieces: Any, dim: int = 0) -> fx.Node | None:
    """One level and an explicit axis; nothing for a single piece."""
    dim = dim % value(node).dim()
    if len(pieces) == 1:
        return pieces[0]
    flat = [leaf for piece in pieces for leaf in _leaves(piece, dim)]
    if node.args == (pieces, dim) and len(flat) == len(pieces):
        return None
    return rewriter.call(aten.cat.default, flat, dim)


def _leaves(piece: fx.Node, dim: int) -> list[fx.Node]:
    if piece.target is aten.cat.default and piece.args[1] == dim and len(piece.users) == 1:
        return list(piece.args[0])  # type: ignore[arg-type]
    return [piece]


def _slice_backward(
    rewriter: Rewriter,
    node: fx.Node,
    source: fx.Node,
    sizes: Any,
    dim: int,
    start: Any,
    end: Any,
    step: int,
) -> fx.Node | None:
    """Zero padding before and after the slice."""
    if shape(source) == shape(node):
        return source
    if step != 1:
        return None
    dim = dim % len(sizes)
    length = shape(node)[dim]
    first, last = _bounds(length, start, end)
    return _padded(rewriter, source, dim, first, length - last)


def _padded(rewriter: Rewriter, source: fx.Node, dim: int, before: int, after: int) -> fx.Node:
    """Zeros before and after the rows of an axis."""
    if before == after == 0:
        return source
    if any(not isinstance(rewriter.sizes.dim(length), int) for length in (before, after)):
        # Pads are numbers in the file; rows of ghosts are as many as there are.
        zeros = [_zeros(rewriter, source, dim, length) for length in (before, after)]
        pieces = [zeros[0], source, zeros[1]]
        return rewriter.call(aten.cat.default, [p for p in pieces if p is not None], dim)
    later_axes = value(source).dim() - 1 - dim  # constant_pad_nd counts axes from the last one
    pads = [0, 0] * later_axes + [before, after]
    return rewriter.call(aten.constant_pad_nd.default, source, pads, 0.0)


def _zeros(rewriter: Rewriter, like: fx.Node, dim: int, length: int) -> fx.Node | None:
    """So many rows of zeros along an axis, or None for none."""
    if length == 0:
        return None
    lengths = list(shape(like))
    lengths[dim] = length
    sizes = rewriter.lengths(lengths)
    return rewriter.call(aten.full.default, sizes, 0.0, dtype=value(like).dtype)


def _inner_index_add(
    rewriter: Rewriter, node: fx.Node, base: fx.Node, dim: int, index: fx.Node, source: fx.Node
) -> fx.Node | None:
    """Sums along an axis of fixed length, with an index known at export, as padded slices.

    The derivative of picking entries from such an axis; runs of the index become one slice each.
    """
    dim = dim % value(node).dim()
    if dim == 0 or index.op != "get_attr" or fill_value(base) != 0:
        return None
    targets = getattr(rewriter.module, str(index.target)).tolist()
    total: fx.Node | None = None
    for first, last in _runs(targets):
        piece = _rows(rewriter, source, dim, first, last)
        after = shape(node)[dim] - targets[last - 1] - 1
        padded = _padded(rewriter, piece, dim, targets[first], after)
        total = padded if total is None else rewriter.call(aten.add.Tensor, total, padded)
    return total


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and past-the-end positions of the stretches that count up by one."""
    first = 0
    for position in range(1, len(numbers) + 1):
        if position == len(numbers) or numbers[position] != numbers[position - 1] + 1:
            yield first, position
            first = position


SLICE_RULES: dict[Any, Rule] = {
    aten.index_add.default: _inner_index_add,
    operator.getitem: _split_piece,
    aten.slice.Tensor: _slice,
    aten.slice_backward.default: _slice_backward,
    aten.cat.default: _cat,
}


# ------------------------------------------------------------- sums of padded slices


@dataclass(frozen=True)
class _Padded:
    """``source`` at rows ``start`` to ``stop`` of axis ``dim``, zero elsewhere."""

    source: fx.Node
    dim: int
    start: int
    stop: int


def join_padded(rewriter: Rewriter) -> bool:
    """Sums in which zero-padded slices do not overlap, as concatenations.

    Returns:
        whether anything changed.
    """
    changed = False
    for node in list(rewriter.graph.nodes):
        if node.target is not aten.add.Tensor or _is_inner(node):
            continue
        with rewriter.graph.inserting_before(node):
            replacement = _join(rewriter, node)
        if replacement is not None:
            node.replace_all_uses_with(replacement)
            changed = True
    return changed


def _is_inner(node: fx.Node) -> bool:
    """Part of a larger sum, which is looked at as a whole."""
    users = list(node.users)
    return len(users) == 1 and users[0].target is aten.add.Tensor and not users[0].kwargs


def _join(rewriter: Rewriter, node: fx.Node) -> fx.Node | None:
    terms = _terms(node, root=True)
    padded = [_as_padded(term) for term in terms]
    rows = _disjoint_rows([item for item in padded if item is not None])
    if rows is None:
        return None
    joined = _concatenated(rewriter, rows, shape(node)[rows[0].dim])
    used = {id(row) for row in rows}
    for term, item in zip(terms, padded, strict=True):
        if item is None or id(item) not in used:
            joined = rewriter.call(aten.add.Tensor, joined, term)
    return joined


def _terms(node: fx.Node, root: bool = False) -> list[fx.Node]:
    """Terms of a sum of tensors of one shape."""
    if node.target is not aten.add.Tensor or node.kwargs or not (root or len(node.users) == 1):
        return [node]
    if any(not is_tensor(a) or shape(a) != shape(node) for a in node.args):  # type: ignore[arg-type]
        return [node]
    return [term for a in node.args for term in _terms(a)]  # type: ignore[arg-type]


def _as_padded(node: fx.Node) -> _Padded | None:
    """A padding along one axis."""
    if node.target is not aten.constant_pad_nd.default or len(node.users) != 1:
        return None
    source, pads, *given = node.args
    axes = [i for i in range(len(pads) // 2) if pads[2 * i] or pads[2 * i + 1]]  # type: ignore[arg-type, index]
    if any(fill != 0 for fill in given) or len(axes) != 1:
        return None
    dim = value(node).dim() - 1 - axes[0]
    start: int = pads[2 * axes[0]]  # type: ignore[index, assignment]
    return _Padded(source, dim, start, start + shape(source)[dim])  # type: ignore[arg-type]


def _disjoint_rows(items: list[_Padded]) -> list[_Padded] | None:
    """The first two or more items along one axis that do not overlap, in order of rows."""
    for first in items:
        rows = [first]
        for item in items:
            if item.dim == first.dim and all(
                item.stop <= row.start or row.stop <= item.start for row in rows
            ):
                rows.append(item)
        if len(rows) > 1:
            return sorted(rows, key=lambda row: row.start)
    return None


def _concatenated(rewriter: Rewriter, rows: list[_Padded], length: int) -> fx.Node:
    """The rows one after the other, each padded up to the next one."""
    dim = rows[0].dim
    starts = [0] + [row.start for row in rows[1:]]
    stops = [*starts[1:], length]
    pieces = [
        _padded(rewriter, row.source, dim, row.start - start, stop - row.stop)
        for row, start, stop in zip(rows, starts, stops, strict=True)
    ]
    return rewriter.call(aten.cat.default, pieces, dim)
