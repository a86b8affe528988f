"""Competition of the focus streams of a message (sezm.md 3.7.6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .linear import weight_parameter
from .norm import ScalarRMSNorm

FOCUS_FLOOR = 0.02
"""Share that is split evenly."""


class FocusCompetition(nn.Module):
    """Weight of each stream from its scalars; keys lack the prefix ``focus_compete_``."""

    def __init__(
        self,
        *,
        channels: int,
        n_focus: int,
        focus_norm: bool,
        mlp_bias: bool,
        eps: float,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.n_focus = n_focus
        self.norm = (
            ScalarRMSNorm(channels=channels, n_focus=n_focus, eps=eps, dtype=dtype)
            if focus_norm
            else None
        )
        self.w = weight_parameter(channels, n_focus, dtype=dtype)
        self.bias = weight_parameter(n_focus, dtype=dtype) if mlp_bias else None

    def forward(self, scalars: Tensor) -> Tensor:
        """[S, F, C] -> [S, F], of sum 1."""
        if self.norm is not None:
            scalars = self.norm(scalars)
        logits = (scalars * self.w.T).sum(2)
        if self.bias is not None:
            logits = logits + self.bias
        share = torch.softmax(logits, 1) * (1.0 - FOCUS_FLOOR)
        return share + FOCUS_FLOOR / self.n_focus
