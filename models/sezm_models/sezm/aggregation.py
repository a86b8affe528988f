"""From messages on edges to sums on their target atoms (sezm.md 3.7.3 end, 3.7.7)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, NeighborRows, sum_to_targets
from .attention import Attention, AttentionWeights
from .edge_frame import EdgeFrame
from .embedding import inverse_degree
from .linear import SO3Linear
from .radial_features import RadialFeatures


class Aggregation(nn.Module):
    """Weighted sum over neighbours: with attention, or with the envelope alone.

    Args:
        lmax: degree of the messages.
        focus_dim, n_focus: width of a focus stream, and their number.
        n_heads: H; 0 for no attention.
        atten_f_mix: mix the streams before attention, which then sees a single one.
        atten_v_proj, atten_o_proj: linear maps of what is summed, and of the sum.
        degree_floor: added to the sum of squared envelopes, which normalises a sum without
            attention.
        eps: of norms.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        lmax: int,
        focus_dim: int,
        n_focus: int,
        n_heads: int,
        atten_f_mix: bool,
        atten_v_proj: bool,
        atten_o_proj: bool,
        degree_floor: float,
        eps: float,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.focus_dim, self.n_focus, self.degree_floor = focus_dim, n_focus, degree_floor
        hidden = focus_dim * n_focus
        # Streams and channels that attention sees.
        streams, width = (1, hidden) if atten_f_mix else (n_focus, focus_dim)

        def linear(present: bool, n_focus: int, channels: int) -> SO3Linear | None:
            if not present or n_heads == 0:
                return None
            return SO3Linear(
                lmax=lmax, in_channels=channels, out_channels=channels, n_focus=n_focus, dtype=dtype
            )

        self.attn_focus_mix = linear(atten_f_mix, 1, hidden)
        self.attn_v_proj = linear(atten_v_proj, streams, width)
        self.attn_o_proj = linear(atten_o_proj, streams, width)
        self.value_maps = [m for m in (self.attn_focus_mix, self.attn_v_proj) if m is not None]
        self.attn = (
            Attention(
                lmax=lmax, channels=width, n_focus=streams, n_heads=n_heads, eps=eps, dtype=dtype
            )
            if n_heads > 0
            else None
        )

    def weights(self, scalars: Tensor, radial: RadialFeatures) -> AttentionWeights:
        """Weights of all edges from the l = 0 features [N, Ch]."""
        if self.attn is not None:
            return self.attn(scalars, radial)
        edges = radial.edges
        weight = edges.weight if edges.gate is None else edges.weight * edges.gate
        return AttentionWeights(weight, inverse_degree(edges, radial.rows, self.degree_floor))

    def forward(
        self,
        message: Tensor,
        weights: AttentionWeights,
        competition: Tensor | None,
        frame: EdgeFrame | None,
        radial: RadialFeatures,
    ) -> Tensor:
        """Sum of the messages.

        Args:
            message: [S, rows, F, focus_dim].
            weights: of the edges.
            competition: [S, F] weight of each focus stream, or None for one stream.
            frame: of the messages; None if their rows are packed ones, not rotated.
            radial: for edges and rows of the call.

        Returns:
            [N, (lmax+1)^2, F, focus_dim].
        """
        if competition is not None:
            message = message * competition[:, None, :, None]
        if frame is not None:
            back = radial.edges.frames[frame.key].matrix.transpose(1, 2)
            packed = (back @ message.flatten(2)).unflatten(2, message.shape[2:])
            message = packed * frame.truncation_scale
        for linear in self.value_maps:
            message = linear(streams_of(message, linear))
        numerator = self.by_stream(weights.numerator)
        summed = sum_packed(message, numerator, radial.rows)
        return self.finished(summed, weights)

    def by_stream(self, weights: Tensor) -> Tensor:
        """[S, A] -> [S, F, H]."""
        n_heads = 1 if self.attn is None else self.attn.n_heads
        return weights.unflatten(1, (-1, n_heads))

    def finished(self, summed: Tensor, weights: AttentionWeights) -> Tensor:
        """Normalisation and last map of sums [N, D, Ch]: [N, D, F, focus_dim]."""
        by_head = summed.unflatten(2, (weights.scale.shape[1], -1))
        summed = by_head * weights.scale[:, None, :, None]
        if self.attn_o_proj is not None:
            summed = self.attn_o_proj(streams_of(summed, self.attn_o_proj))
        return summed.reshape(*summed.shape[:2], self.n_focus, self.focus_dim)


def streams_of(values: Tensor, linear: SO3Linear) -> Tensor:
    """[N, rows, .., ..] with the streams that a layer sees: [N, rows, F, C]."""
    return values.reshape(*values.shape[:2], linear.n_focus, -1)


def weighted(message: Tensor, weights: Tensor) -> Tensor:
    """[S, rows, F, C] times [S, F, H], heads being blocks of channels: [S, rows, F C]."""
    split = message.reshape(*message.shape[:2], *weights.shape[1:], -1)
    return (split * weights.unsqueeze(1).unsqueeze(4)).flatten(2)


def sum_packed(message: Tensor, weights: Tensor, rows: NeighborRows) -> Tensor:
    """Weighted sum of messages in packed rows: [N, D, F C]."""
    values = weighted(message, weights)
    in_rows = values.reshape(-1, ROW_WIDTH, *values.shape[1:])
    return sum_to_targets(in_rows.sum(1), rows)
