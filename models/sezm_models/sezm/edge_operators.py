"""The edge stage as operators with a derivative (:mod:`..whole_operators`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..neighbor_rows import NeighborRows
from ..whole_operators import Compute, call, define
from .edge_layout import EdgeLayout
from .edge_messages import edge_messages, edge_messages_grad

_INDEX = "Tensor source, Tensor target, Tensor source_slot, Tensor source_atom"
_EDGES = "Tensor features, Tensor wigner, Tensor radial, Tensor weight"
_LAYOUT = "int lmax, int mmax, bool per_channel"


def summed_messages(
    features: Tensor,
    wigner: Tensor,
    radial: Tensor,
    weight: Tensor,
    layers: Sequence[Tensor],
    layout: EdgeLayout,
    rows: NeighborRows,
) -> Tensor:
    """Sums over the neighbours of each atom: [N, D, C]; arguments as in :mod:`.edge_messages`.

    Differentiable once, in all but the layers. The gradient that reaches empty slots must be zero,
    as it is where their weight is.
    """
    args = (features, wigner, radial, weight)
    index = (rows.source, rows.target, rows.source_slot, rows.source_atom)
    sums = _SummedMessages.apply(layout, layers, index, *args)
    return sums if rows.n_targets == features.shape[0] else sums[: rows.n_targets]


class _SummedMessages(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        layout: EdgeLayout,
        layers: Sequence[Tensor],
        index: tuple[Tensor, ...],
        *args: Tensor,
    ) -> Tensor:
        sums, *saved = call("edge_messages", *index, *args, layers, *_numbers(layout))
        ctx.layout, ctx.n_args = layout, (len(index), len(args), len(saved))
        ctx.save_for_backward(*index, *args, *saved, *layers)
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        layers, groups = list(ctx.saved_tensors), []
        for length in ctx.n_args:
            groups.append(layers[:length])
            del layers[:length]
        index, args, saved = groups
        numbers = _numbers(ctx.layout)
        grads = call("edge_messages_grad", *index, grad, *args, saved, layers, *numbers)
        return None, None, None, *grads


def _numbers(layout: EdgeLayout) -> tuple[int, int, bool]:
    return layout.lmax, layout.mmax, layout.per_channel


def _with_numbers(compute: Compute) -> Compute:
    """The same with the numbers of a layout in its place."""

    def computed(*args: Any) -> list[Tensor]:
        *tensors, lmax, mmax, per_channel = args
        return compute(*tensors, EdgeLayout(lmax, mmax, per_channel))

    return computed


def _edge_messages_shapes(*args: Any) -> list[Tensor]:
    source, _, _, _, features, _, _, _, layers, lmax, mmax, per_channel = args
    layout = EdgeLayout(lmax, mmax, per_channel)
    slots, channels = source.shape[0], features.shape[2]
    saved = [
        features.new_empty(slots, count * channels)
        for _ in range(layout.n_layers(len(layers)))
        for count in layout.counts
    ]
    return [features.new_empty(features.shape[0], layout.columns, channels), *saved]


def _edge_messages_grad_shapes(*args: Any) -> list[Tensor]:
    return [torch.empty_like(tensor) for tensor in args[5:9]]


define(
    "edge_messages",
    f"{_INDEX}, {_EDGES}, Tensor[] layers, {_LAYOUT}",
    _with_numbers(edge_messages),
    _edge_messages_shapes,
)
define(
    "edge_messages_grad",
    f"{_INDEX}, Tensor grad_sums, {_EDGES}, Tensor[] saved, Tensor[] layers, {_LAYOUT}",
    _with_numbers(edge_messages_grad),
    _edge_messages_grad_shapes,
)
