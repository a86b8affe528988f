"""Messages of a layer, from features of atoms to sums at the targets of edges (escn.md, Blocks).

All edges at once, of operators that are differentiable and that any runtime has. As an operator of
files (:mod:`..whole_operators`) it is ``sezm::escn_messages``, for which runtimes may have kernels
(``export/FORMAT.md``).

Sizes: A atoms, E edges, X edge channels, F rows of the frame, D = (lmax+1)^2, G points of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, silu

from ..segments import segment_sum
from ..whole_operators import define
from .so2 import OrderWeights, Parts, unlisted
from .tables import orders_of


def escn_messages(
    source: Tensor,
    target: Tensor,
    features: Tensor,
    edge_features: Tensor,
    wigner: Tensor,
    weight: Tensor,
    to_grid: Tensor,
    from_grid: Tensor,
    weights: Sequence[Tensor],
    degree: int,
    lmax: int,
    mmax: int,
) -> list[Tensor]:
    """Sums over the edges of each atom.

    Args:
        source: [E] int64.
        target: [E] int64.
        features: of atoms, [A, (degree+1)^2, C].
        edge_features: [E, X].
        wigner: [E, F, D] rotations into the frames of edges.
        weight: [E] of each message.
        to_grid: [G, rows of the orders that features have].
        from_grid: [F, G].
        weights: of the block of sources, then of that of targets, see :func:`~.so2.listed`, of the
            orders that features have.
        degree: highest one of the features: lmax, or 0 of scalars.
        lmax: see :class:`~.config.ESCNConfig`.
        mmax: likewise.

    Returns:
        [A, D, C].
    """
    orders, channels = orders_of(degree, mmax), features.shape[2]
    ends = [unlisted(half, orders) for half in _halves(weights)]
    hidden = []
    for block, atoms in zip(ends, (source, target), strict=True):
        x = features.index_select(0, atoms)
        if degree > 0:  # scalars are the same in every frame
            x = torch.bmm(wigner, x)
        hidden.append(_hidden(block, x, edge_features, lmax))
    planes: list[Tensor] = []
    for place, parts in enumerate(zip(*hidden, strict=True)):
        last = [w for block in ends for w in block[(place + 1) // 2].last]
        together = torch.cat([part for end in parts for part in end], 1)
        planes += [linear(together, of_degree) for of_degree in torch.cat(last, 1).split(channels)]
    message = torch.stack(planes)  # [rows, E, C]: either grid product is one of two matrices
    values = silu(to_grid @ message.flatten(1))
    message = (from_grid @ values).unflatten(1, (-1, channels))
    back = wigner * weight.reshape(-1, 1, 1)
    messages = torch.bmm(back.transpose(1, 2), message.transpose(0, 1))
    return [segment_sum(messages, target, features.shape[0])]


def _halves(weights: Sequence[Tensor]) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
    return weights[: len(weights) // 2], weights[len(weights) // 2 :]


def _hidden(
    orders: Sequence[OrderWeights], x: Tensor, edge_features: Tensor, lmax: int
) -> list[Parts]:
    """[E, rows, C] -> parts, [E, H] each, that last weights take for m = 0, +1, -1, ..."""
    steering = [silu(linear(edge_features, order.steering, order.bias)) for order in orders]
    if x.shape[1] == 1:
        return [(linear(x.flatten(1), orders[0].first[0][:, : x.shape[2]]) * steering[0],)]
    sizes = [lmax - (i + 1) // 2 + 1 for i in range(2 * len(orders) - 1)]
    zero, *others = (rows.flatten(1) for rows in x.split(sizes, 1))
    results: list[Parts] = [(linear(zero, orders[0].first[0]) * steering[0],)]
    for m, order in enumerate(orders[1:], 1):
        first = torch.cat(order.first)
        plus, minus = (
            (linear(rows, first) * steering[m]).chunk(2, 1) for rows in others[2 * m - 2 : 2 * m]
        )
        results += [(plus[0], -minus[1]), (minus[0], plus[1])]
    return results


def _shapes(*args: Any) -> list[Tensor]:
    features, lmax = args[2], args[-2]
    return [features.new_empty(features.shape[0], (lmax + 1) ** 2, features.shape[2])]


define(
    "escn_messages",
    "Tensor source, Tensor target, Tensor features, Tensor edge_features, Tensor wigner, "
    "Tensor weight, Tensor to_grid, Tensor from_grid, Tensor[] weights, "
    "int degree, int lmax, int mmax",
    escn_messages,
    _shapes,
)
