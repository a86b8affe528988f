"""Attention over earlier results instead of plain residual sums (sezm.md 3.6, DepthAttnRes)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .linear import ChannelLinear, weight_parameter
from .norm import ScalarRMSNorm

DEPENDENT = "dependent"


class DepthAttnRes(nn.Module):
    """Weights of earlier results, from their scalars.

    Args:
        channels: of the scalars.
        input_dependent: whether the query comes from the current scalars, or is a parameter.
        eps: of the norm.
        bias: of the query's projection.
        dtype: of all parameters.
    """

    def __init__(
        self, *, channels: int, input_dependent: bool, eps: float, bias: bool, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.key_norm = ScalarRMSNorm(channels=channels, eps=eps, dtype=dtype)
        self.input_dependent = input_dependent
        if input_dependent:
            self.query_proj = ChannelLinear(
                in_channels=channels, out_channels=channels, bias=bias, dtype=dtype
            )
        else:
            self.adamw_pseudo_query = weight_parameter(channels, dtype=dtype)

    def weights(self, scalars: Sequence[Tensor], current: Tensor) -> list[Tensor]:
        """One weight [N, 1] per source, of sum 1; scalars [N, C] of each, and the current ones."""
        if len(scalars) == 1:
            return [torch.ones_like(current[:, :1])]
        keys = self.key_norm(torch.stack(list(scalars), 1))  # [N, sources, C]
        query = self.query_proj(current) if self.input_dependent else self.adamw_pseudo_query
        logits = (keys * query.unsqueeze(-2)).sum(2)
        return list(torch.softmax(logits, 1).split(1, 1))

    def forward(self, sources: Sequence[Tensor], current: Tensor) -> Tensor:
        """Weighted sum of the first D rows of node features; current: [N, D, 1, C]."""
        rows = current.shape[1]
        if len(sources) == 1:
            return sources[0][:, :rows]
        scalars = [source[:, 0].flatten(1) for source in sources]
        weights = self.weights(scalars, current[:, 0].flatten(1))
        terms = [
            weight[:, :, None, None] * source[:, :rows]
            for weight, source in zip(weights, sources, strict=True)
        ]
        return torch.stack(terms).sum(0)


class NodeState(NamedTuple):
    """Node features, and what attention residuals attend to.

    Attributes:
        x: [N, D, 1, C].
        history: earlier results of the same kind, with as many rows or more; empty for plain
            residuals.
    """

    x: Tensor
    history: tuple[Tensor, ...] = ()


class AttentionResiduals(nn.Module):
    """Residuals of one block: each unit's input is a weighted sum of earlier results.

    Args:
        channels: C.
        n_units: number of feed-forward units.
        mode: "independent" or "dependent"; see :class:`DepthAttnRes`.
        per_block: the history holds the sum of each block's updates; else every update.
        eps, bias, dtype: as for :class:`DepthAttnRes`.
    """

    def __init__(
        self,
        *,
        channels: int,
        n_units: int,
        mode: str,
        per_block: bool,
        eps: float,
        bias: bool,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.per_block = per_block
        attention = partial(
            DepthAttnRes,
            channels=channels,
            input_dependent=mode == DEPENDENT,
            eps=eps,
            bias=bias,
            dtype=dtype,
        )
        self.so2 = attention()
        self.ffns = nn.ModuleList(attention() for _ in range(n_units))

    def update(
        self, state: NodeState, update: Tensor, units: Sequence[Callable[[Tensor], Tensor]]
    ) -> NodeState:
        """The state after a convolution's update [N, D, 1, C] and the feed-forward units."""
        new = [update]
        for attention, unit in zip(self.ffns, units, strict=True):
            sources = [torch.stack(new).sum(0)] if self.per_block else new
            new.append(unit(attention([*state.history, *sources], new[-1])))
        kept = [torch.stack(new).sum(0)] if self.per_block else new
        return NodeState(new[-1], (*state.history, *kept))
