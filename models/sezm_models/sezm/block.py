"""Interaction block: convolution, then feed-forward units (sezm.md 3.7.1)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .degrees import n_rows
from .ffn import EquivariantFFN
from .linear import weight_parameter
from .norm import EquivariantRMSNorm
from .residuals import AttentionResiduals, NodeState
from .so2_convolution import SO2Convolution

UNIT_FLOOR = 1.0
"""Epsilon of the norm after the convolution where edge norms are off (sezm.md 3.7.1)."""


class SeZMInteractionBlock(nn.Module):
    """One message-passing step.

    Args:
        lmax: degree L of the messages.
        node_lmax: degree of the node features, at least L.
        channels: C.
        sandwich_norm: norms before and after the convolution, before and after each feed-forward
            unit.
        edge_norm: decides the epsilon of the norm after the convolution.
        ffn_blocks: number of feed-forward units.
        layer_scale: scale of each unit's update.
        convolution, ffn: options of these parts.
        attn_res: options of :class:`AttentionResiduals`, or None for plain residuals.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        lmax: int,
        node_lmax: int,
        channels: int,
        sandwich_norm: tuple[bool, bool, bool, bool],
        edge_norm: bool,
        ffn_blocks: int,
        layer_scale: bool,
        convolution: dict[str, Any],
        ffn: dict[str, Any],
        attn_res: dict[str, Any] | None,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        so2_pre, so2_post, ffn_pre, ffn_post = sandwich_norm
        self.lmax, self.node_lmax = lmax, node_lmax
        self.so2_conv = SO2Convolution(lmax=lmax, channels=channels, dtype=dtype, **convolution)
        self.ffns = nn.ModuleList(
            EquivariantFFN(lmax=node_lmax, channels=channels, dtype=dtype, **ffn)
            for _ in range(ffn_blocks)
        )

        def norm(present: bool, degree: int, eps: float = 1e-5) -> nn.Module:
            if not present:
                return nn.Identity()
            return EquivariantRMSNorm(degree, channels, eps=eps, dtype=dtype)

        self.pre_so2_norm = norm(so2_pre, lmax)
        self.post_so2_norm = norm(so2_post, lmax, 1e-5 if edge_norm else UNIT_FLOOR)
        self.pre_ffn_norms = nn.ModuleList(norm(ffn_pre, node_lmax) for _ in range(ffn_blocks))
        self.post_ffn_norms = nn.ModuleList(norm(ffn_post, node_lmax) for _ in range(ffn_blocks))
        self.has_post_ffn_norm = ffn_post
        self.adam_ffn_layer_scales = nn.ParameterList(
            weight_parameter(channels, dtype=dtype) for _ in range(ffn_blocks if layer_scale else 0)
        )
        self.full_attn_res: AttentionResiduals | None = None
        self.block_attn_res: AttentionResiduals | None = None
        if attn_res is not None:
            residuals = AttentionResiduals(
                channels=channels, n_units=ffn_blocks, dtype=dtype, **attn_res
            )
            setattr(self, "block_attn_res" if residuals.per_block else "full_attn_res", residuals)

    @property
    def attn_res(self) -> AttentionResiduals | None:
        """Attention residuals of either kind, if there are any."""
        return self.full_attn_res or self.block_attn_res

    def features(self, state: NodeState) -> Tensor:
        """Node stage in: features that the edge stage reads, [N, D, 1, Ch]."""
        x = state.x[:, : n_rows(self.node_lmax)]
        if self.attn_res is not None:
            x = self.attn_res.so2(state.history, x)
        return self.so2_conv.prepare(self.pre_so2_norm(x[:, : n_rows(self.lmax)]))

    def update(
        self, state: NodeState, features: Tensor, summed: Tensor, scalars_only: bool
    ) -> NodeState:
        """Node stage out.

        Args:
            state: input of the block.
            features: of :meth:`features`.
            summed: result of the edge stage, [N, D, F, focus_dim].
            scalars_only: only the l = 0 row is wanted.
        """
        update = self.post_so2_norm(self.so2_conv.finish(summed, features))
        if self.attn_res is not None:
            units = [partial(self._unit, i) for i in range(len(self.ffns))]
            return self.attn_res.update(state, self._padded(update), units)
        x = self._added(state.x[:, : n_rows(self.node_lmax)], update)
        last = len(self.ffns) - 1
        for i in range(len(self.ffns)):
            if scalars_only and i == last and not self.has_post_ffn_norm:
                scalars = self.ffns[i].scalars(self.pre_ffn_norms[i](x))
                return NodeState(x[:, :1] + self._scaled(i, scalars))
            x = x + self._unit(i, x)
        return NodeState(x[:, :1] if scalars_only else x)

    def _unit(self, i: int, x: Tensor) -> Tensor:
        """A feed-forward unit with its norms and scale."""
        y = self.post_ffn_norms[i](self.ffns[i](self.pre_ffn_norms[i](x)))
        return self._scaled(i, y)

    def _scaled(self, i: int, y: Tensor) -> Tensor:
        return y * self.adam_ffn_layer_scales[i] if len(self.adam_ffn_layer_scales) > 0 else y

    def _added(self, x: Tensor, update: Tensor) -> Tensor:
        """The convolution's update of the rows with l <= L."""
        rows = n_rows(self.lmax)
        if self.node_lmax == self.lmax:
            return x + update
        return torch.cat([x[:, :rows] + update, x[:, rows:]], 1)

    def _padded(self, update: Tensor) -> Tensor:
        """With zeros in the rows with l > L."""
        absent = n_rows(self.node_lmax) - n_rows(self.lmax)
        if absent == 0:
            return update
        zeros = torch.zeros_like(update[:, :1]).expand(-1, absent, -1, -1)
        return torch.cat([update, zeros], 1)
