"""From messages on edges to sums on their target atoms (sezm.md 3.7.3 end, 3.7.7)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, NeighborRows, sum_to_targets
from .attention import Attention, AttentionWeights
from .degrees import n_rows
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
            Attention(channels=width, n_focus=streams, n_heads=n_heads, eps=eps, dtype=dtype)
            if n_heads > 0
            else None
        )
        # With one head the weight of an edge commutes with these maps, and they act on the sums.
        self.maps_on_edges = n_heads > 1 and len(self.value_maps) > 0

    def weights(self, scalars: Tensor, radial: RadialFeatures) -> AttentionWeights:
        """Weights of all edges from the l = 0 features [N, Ch]."""
        if self.attn is not None:
            return self.attn(scalars, radial)
        edges = radial.edges
        weight = edges.weight if edges.gate is None else edges.weight * edges.gate
        return AttentionWeights(
            weight, inverse_degree(edges, radial.rows, scalars.shape[0], self.degree_floor)
        )

    def forward(
        self,
        message: Tensor,
        degrees: Tensor,
        weights: AttentionWeights,
        competition: Tensor | None,
        frame: EdgeFrame | None,
        radial: RadialFeatures,
    ) -> Tensor:
        """Sum of the messages.

        Args:
            message: [S, rows, F, focus_dim].
            degrees: [rows].
            weights: of the edges.
            competition: [S, F] weight of each focus stream, or None for one stream.
            frame: of the messages; None if their rows are packed ones, not rotated.
            radial: for edges and rows of the call.

        Returns:
            [N, (lmax+1)^2, F, focus_dim].
        """
        n_atoms, n_weights = weights.scale.shape
        numerator = weights.numerator.reshape(
            weights.numerator.shape[0], -1, self._heads(n_weights)
        )
        if self.maps_on_edges:
            if competition is not None:
                message = message * competition[:, None, :, None]
            message = self._mapped(message, degrees)
        elif competition is not None:
            numerator = numerator * competition.unsqueeze(2)
        if frame is None:
            summed = _sum_packed(message, numerator, radial.rows, n_atoms)
        else:
            summed = _sum_rotated(message, numerator, frame, radial, n_atoms)
        summed = self._normalised(summed, weights, frame)
        if not self.maps_on_edges:
            summed = self._mapped(summed, None)
        if self.attn_o_proj is not None:
            summed = self.attn_o_proj(_streams(summed, self.attn_o_proj))
        return summed.reshape(n_atoms, -1, self.n_focus, self.focus_dim)

    def _heads(self, n_weights: int) -> int:
        """Weights per stream."""
        return 1 if self.attn is None else n_weights // self.attn.n_focus

    def _mapped(self, values: Tensor, degrees: Tensor | None) -> Tensor:
        """Stream mixing and value projection of rows of these degrees; None: packed rows."""
        for linear in self.value_maps:
            values = _streams(values, linear)
            values = linear(values) if degrees is None else linear.on_rows(values, degrees)
        return values

    def _normalised(
        self, summed: Tensor, weights: AttentionWeights, frame: EdgeFrame | None
    ) -> Tensor:
        """Scale per head, and rescaling of degrees with truncated orders: [N, D, A, -1]."""
        by_head = summed.reshape(*summed.shape[:2], weights.scale.shape[1], -1)
        scaled = by_head * weights.scale[:, None, :, None]
        if frame is not None:
            scaled = scaled * frame.truncation_scale
        return scaled


def _streams(values: Tensor, linear: SO3Linear) -> Tensor:
    """[N, rows, .., ..] with the streams that a layer sees: [N, rows, F, C]."""
    return values.reshape(*values.shape[:2], linear.n_focus, -1)


def _weighted(message: Tensor, weights: Tensor) -> Tensor:
    """[S, rows, F, C] times [S, F, H], heads being blocks of channels: [S, rows, F, H, C / H]."""
    split = message.unflatten(3, (weights.shape[2], -1))
    return split * weights.unsqueeze(1).unsqueeze(4)


def _sum_packed(message: Tensor, weights: Tensor, rows: NeighborRows, n_atoms: int) -> Tensor:
    """Sum of messages in packed rows: [N, D, F C]."""
    weighted = _weighted(message, weights).flatten(2)
    in_rows = weighted.reshape(-1, ROW_WIDTH, *weighted.shape[1:])
    return sum_to_targets(in_rows.sum(1), rows, n_atoms)


def _sum_rotated(
    message: Tensor, weights: Tensor, frame: EdgeFrame, radial: RadialFeatures, n_atoms: int
) -> Tensor:
    """Sum of weight * D^T message: [N, D, F C]."""
    wigner = radial.edges.wigner
    if weights.shape[1] * weights.shape[2] == 1:
        wigner = wigner * weights
    else:
        message = _weighted(message, weights)
    # Rotation back and sum over a row's slots are one product of depth ROW_WIDTH * M.
    depth = ROW_WIDTH * len(frame.rows)
    rotation = frame.rotation(wigner).reshape(-1, depth, n_rows(frame.lmax))
    message = message.reshape(rotation.shape[0], depth, -1)
    return sum_to_targets(torch.bmm(rotation.transpose(1, 2), message), radial.rows, n_atoms)
