"""The edge stage as one operator with a derivative, for autograd and for tracing.

Within :func:`kept_whole` a call is one node of the traced graph, ``sezm::edge_messages`` or
``sezm::edge_messages_grad``; otherwise tracing sees the operators that it consists of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..neighbor_rows import NeighborRows
from .edge_layout import EdgeLayout
from .edge_messages import edge_messages, edge_messages_grad

_WHOLE: ContextVar[bool] = ContextVar("whole edge messages", default=False)

OPERATORS: dict[str, Callable[..., list[Tensor]]] = {
    "edge_messages": edge_messages,
    "edge_messages_grad": edge_messages_grad,
}
"""What each operator computes, given its tensors and a layout."""

_LAYOUT = "int lmax, int mmax, bool per_channel"

_INDEX = "Tensor source, Tensor target, Tensor source_slot, Tensor source_atom"
_EDGES = "Tensor features, Tensor wigner, Tensor radial, Tensor weight"

torch.library.define(
    "sezm::edge_messages", f"({_INDEX}, {_EDGES}, Tensor[] layers, {_LAYOUT}) -> Tensor[]"
)
torch.library.define(
    "sezm::edge_messages_grad",
    f"({_INDEX}, Tensor grad_sums, {_EDGES}, Tensor[] saved, Tensor[] layers, {_LAYOUT})"
    " -> Tensor[]",
)


@contextmanager
def kept_whole() -> Iterator[None]:
    """Tracing keeps the operators as they are."""
    token = _WHOLE.set(True)
    try:
        yield
    finally:
        _WHOLE.reset(token)


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
        sums, *saved = _called("edge_messages", *index, *args, layers, layout)
        ctx.layout, ctx.n_args = layout, (len(index), len(args), len(saved))
        ctx.save_for_backward(*index, *args, *saved, *layers)
        return sums

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        layers, groups = list(ctx.saved_tensors), []
        for length in ctx.n_args:
            groups.append(layers[:length])
            del layers[:length]
        index, args, saved = groups
        grads = _called("edge_messages_grad", *index, grad, *args, saved, layers, ctx.layout)
        return None, None, None, *grads


def _called(name: str, *args: Any) -> list[Tensor]:
    """An operator, as one node or as what it consists of."""
    if _WHOLE.get():
        *tensors, layout = args
        numbers = (layout.lmax, layout.mmax, layout.per_channel)
        result: list[Tensor] = getattr(torch.ops.sezm, name)(*tensors, *numbers)
        return result
    return OPERATORS[name](*args)


def _computed(compute: Callable[..., list[Tensor]], *args: Any) -> list[Tensor]:
    *tensors, lmax, mmax, per_channel = args
    return compute(*tensors, EdgeLayout(lmax, mmax, per_channel))


for _name, _compute in OPERATORS.items():
    torch.library.impl(f"sezm::{_name}", "default")(partial(_computed, _compute))


@torch.library.register_fake("sezm::edge_messages")
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


@torch.library.register_fake("sezm::edge_messages_grad")
def _edge_messages_grad_shapes(*args: Any) -> list[Tensor]:
    return [torch.empty_like(tensor) for tensor in args[5:9]]
