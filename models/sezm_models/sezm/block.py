"""Interaction block: convolution, feed-forward units, residuals and norms (sezm.md 3.7.1)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .degrees import n_rows
from .ffn import EquivariantFFN
from .norm import EquivariantRMSNorm
from .so2_convolution import SO2Convolution

UNIT_FLOOR = 1.0
"""Epsilon of the norm after the convolution where edge norms are off (sezm.md 3.7.1)."""


class SeZMInteractionBlock(nn.Module):
    """One message-passing step.

    Args:
        lmax: degree L of the node features.
        channels: C.
        sandwich_norm: norms before and after the convolution, before and after each feed-forward
            unit.
        edge_norm: decides the epsilon of the norm after the convolution.
        ffn_blocks: number of feed-forward units.
        convolution, ffn: options of these parts.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        sandwich_norm: tuple[bool, bool, bool, bool],
        edge_norm: bool,
        ffn_blocks: int,
        convolution: dict[str, Any],
        ffn: dict[str, Any],
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        so2_pre, so2_post, ffn_pre, ffn_post = sandwich_norm
        self.lmax = lmax
        self.so2_conv = SO2Convolution(lmax=lmax, channels=channels, dtype=dtype, **convolution)
        self.ffns = nn.ModuleList(
            EquivariantFFN(lmax=lmax, channels=channels, dtype=dtype, **ffn)
            for _ in range(ffn_blocks)
        )

        def norm(present: bool, eps: float = 1e-5) -> nn.Module:
            if not present:
                return nn.Identity()
            return EquivariantRMSNorm(lmax, channels, eps=eps, dtype=dtype)

        self.pre_so2_norm = norm(so2_pre)
        self.post_so2_norm = norm(so2_post, 1e-5 if edge_norm else UNIT_FLOOR)
        self.pre_ffn_norms = nn.ModuleList(norm(ffn_pre) for _ in range(ffn_blocks))
        self.post_ffn_norms = nn.ModuleList(norm(ffn_post) for _ in range(ffn_blocks))
        self.has_post_ffn_norm = ffn_post

    def features(self, x: Tensor) -> Tensor:
        """Node stage in: features that the edge stage reads, [N, D, 1, C] -> [N, D, 1, Ch]."""
        return self.so2_conv.prepare(self.pre_so2_norm(x))

    def update(self, x: Tensor, features: Tensor, summed: Tensor, scalars_only: bool) -> Tensor:
        """Node stage out.

        Args:
            x: [N, D, 1, C] input of the block.
            features: of :meth:`features`.
            summed: result of the edge stage, [N, D, F, focus_dim].
            scalars_only: only the l = 0 row is wanted.

        Returns:
            [N, D or 1, 1, C].
        """
        x = x + self.post_so2_norm(self.so2_conv.finish(summed, features))
        last = len(self.ffns) - 1
        for i, (ffn, pre, post) in enumerate(
            zip(self.ffns, self.pre_ffn_norms, self.post_ffn_norms, strict=True)
        ):
            if scalars_only and i == last and not self.has_post_ffn_norm:
                return x[:, :1] + ffn.scalars(pre(x))
            x = x + post(ffn(pre(x)))
        return x[:, : 1 if scalars_only else n_rows(self.lmax)]
