"""Attention of a target atom over its neighbours, with the envelope inside (sezm.md 3.7.7)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, NeighborRows, gather_sources, sum_to_targets
from ..segments import segment_max
from .linear import FocusLinear, weight_parameter
from .norm import ScalarRMSNorm
from .radial_features import RadialFeatures, RadialLogits


class AttentionWeights(NamedTuple):
    """Unnormalised weights and the factor that normalises a sum of them; A = F * H.

    Attributes:
        numerator: [S, A] w^2 g exp(logit - shift).
        scale: [N, A] output gate / (zeta exp(-shift) + sum of the numerators).
    """

    numerator: Tensor
    scale: Tensor


class Attention(nn.Module):
    """Parameters and weights of the attention; keys as in the checkpoint, prefix ``attn_`` dropped.

    Args:
        lmax: of the radial features.
        channels: width of a focus stream.
        n_focus: F.
        n_heads: H.
        eps: of the norms and of zeta.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        n_focus: int,
        n_heads: int,
        eps: float,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.channels, self.n_focus, self.n_heads, self.eps = channels, n_focus, n_heads, eps
        norm = {"channels": channels, "n_focus": n_focus, "eps": eps, "dtype": dtype}
        project = {"in_channels": channels, "out_channels": channels, "n_focus": n_focus}
        self.qk_norm = ScalarRMSNorm(**norm)
        self.q_proj = FocusLinear(**project, bias=False, dtype=dtype)
        self.k_proj = FocusLinear(**project, bias=False, dtype=dtype)
        self.output_gate_norm = ScalarRMSNorm(**norm)
        self.radial_logits = RadialLogits(
            lmax, channels=channels, n_focus=n_focus, n_heads=n_heads, dtype=dtype
        )
        self.gate_w = weight_parameter(channels, n_focus, n_heads, dtype=dtype)
        self.z_bias_raw = weight_parameter(n_focus, n_heads, dtype=dtype)

    def forward(self, scalars: Tensor, radial: RadialFeatures) -> AttentionWeights:
        """Weights from l = 0 features [N, F * channels], ghosts behind, and radial features."""
        rows = radial.rows
        scalars = scalars.unflatten(1, (self.n_focus, self.channels))
        logits = self._query_key(scalars, rows) + self.radial_logits(radial)
        weight = radial.edges.weight * radial.edges.weight
        if radial.edges.gate is not None:
            weight = weight * radial.edges.gate
        zeta = (torch.nn.functional.softplus(self.z_bias_raw) + self.eps).reshape(1, -1)
        shift = _exponent_shift(logits, weight, torch.log(zeta), rows)  # [N, A]
        row_shift = shift.index_select(0, rows.target).unsqueeze(1)
        exponent = logits.reshape(-1, ROW_WIDTH, logits.shape[1]) - row_shift
        # Beyond this bound the weight has underflowed to zero: 0 * inf would follow.
        bound = math.log(torch.finfo(exponent.dtype).max) - 8.0
        numerator = weight * torch.exp(torch.clamp(exponent, max=bound)).flatten(0, 1)
        row_sums = numerator.reshape(-1, ROW_WIDTH, logits.shape[1]).sum(1)
        denominator = zeta * torch.exp(-shift) + sum_to_targets(row_sums, rows)
        return AttentionWeights(
            numerator, self._output_gate(scalars[: rows.n_targets]) / denominator
        )

    def _query_key(self, scalars: Tensor, rows: NeighborRows) -> Tensor:
        """q_target . k_source / sqrt(head width): [S, A]."""
        normed = self.qk_norm(scalars)
        head_width = self.channels // self.n_heads
        queries = self.q_proj(normed[: rows.n_targets]).flatten(1) * (1.0 / math.sqrt(head_width))
        keys = gather_sources(self.k_proj(normed).flatten(1), rows)
        queries = queries.index_select(0, rows.target).unsqueeze(1)  # [R, 1, F channels]
        products = queries * keys.reshape(-1, ROW_WIDTH, keys.shape[1])
        return products.reshape(keys.shape[0], -1, head_width).sum(2)

    def _output_gate(self, scalars: Tensor) -> Tensor:
        """[N, A]."""
        normed = self.output_gate_norm(scalars)
        per_focus = normed.transpose(0, 1) @ self.gate_w.transpose(0, 1)  # [F, N, H]
        return torch.sigmoid(per_focus.transpose(0, 1).flatten(1))


def _exponent_shift(logits: Tensor, weight: Tensor, log_zeta: Tensor, rows: NeighborRows) -> Tensor:
    """max(log zeta, max_e (logit + log weight)) per target: [N, A], not differentiated."""
    tiny = torch.finfo(weight.dtype).tiny
    terms = logits.detach() + torch.log(torch.clamp(weight.detach(), min=tiny))
    row_max = terms.reshape(-1, ROW_WIDTH, terms.shape[1]).amax(1)
    return segment_max(row_max, rows.target, log_zeta.expand(rows.n_targets, -1))
