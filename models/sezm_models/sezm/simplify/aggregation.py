"""The order of what is linear in messages, when they are summed (sezm.md 5.2-7).

A message is rotated back, rescaled by degree (r_l), mapped by channels (W_l), weighted by
attention (a) and summed. With one head all of these commute::

    sum_e a_e r_l (D_e^T y_e)_l W_l = r_l (sum_e (a_e D_e)^T y_e)_l W_l

so rescaling and maps act on atoms. Weights of edges, one per message, multiply the smaller of D
and y, and rotation and sum are one product of depth edges x rows. With several heads, maps come
first and attention weights channels; maps commute with the rotation still, and act on the fewer
rows of the edge frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...neighbor_rows import ROW_WIDTH, sum_to_targets
from ..aggregation import Aggregation, streams_of, sum_packed, weighted
from ..attention import AttentionWeights
from ..degrees import n_rows
from ..descriptor import SeZMDescriptor
from ..edge_frame import EdgeFrame
from ..radial_features import RadialFeatures
from .constants import replace


class SumFirst(nn.Module):
    """In place of :class:`Aggregation`."""

    def __init__(self, plain: Aggregation) -> None:
        super().__init__()
        self.plain = plain
        one_head = plain.attn is None or plain.attn.n_heads == 1
        self.maps_on_edges = len(plain.value_maps) > 0 and not one_head

    def weights(self, scalars: Tensor, radial: RadialFeatures) -> AttentionWeights:
        """See :class:`Aggregation`."""
        return self.plain.weights(scalars, radial)

    def forward(
        self,
        message: Tensor,
        weights: AttentionWeights,
        competition: Tensor | None,
        frame: EdgeFrame | None,
        radial: RadialFeatures,
    ) -> Tensor:
        """See :class:`Aggregation`."""
        numerator = self.plain.by_stream(weights.numerator)
        if self.maps_on_edges:
            if competition is not None:
                message = message * competition[:, None, :, None]
            message = self._mapped(message, frame)
        elif competition is not None:
            numerator = numerator * competition.unsqueeze(2)
        if frame is None:
            summed = sum_packed(message, numerator, radial.rows)
        else:
            summed = _sum_rotated(message, numerator, frame, radial)
        return self.finished(summed, weights, frame)

    def finished(
        self, summed: Tensor, weights: AttentionWeights, frame: EdgeFrame | None
    ) -> Tensor:
        """What is left to do with sums [N, D, Ch] of messages that this frame has: see
        :class:`Aggregation`."""
        if frame is not None:
            summed = summed * frame.truncation_scale.squeeze(3)
        if not self.maps_on_edges:
            summed = self._mapped(summed.unsqueeze(2), None).flatten(2)
        return self.plain.finished(summed, weights)

    def _mapped(self, values: Tensor, frame: EdgeFrame | None) -> Tensor:
        """Channel maps of rows of this frame; None: packed rows."""
        for linear in self.plain.value_maps:
            values = streams_of(values, linear)
            if frame is None:
                values = linear(values)
            else:
                values = linear.on_rows(values, frame.degree_of_row)
        return values


def _sum_rotated(
    message: Tensor, weights: Tensor, frame: EdgeFrame, radial: RadialFeatures
) -> Tensor:
    """Sum of weight * D^T message: [N, D, F C]."""
    rotation = radial.edges.frames[frame.key].matrix
    if weights.shape[1] * weights.shape[2] == 1:
        rotation = rotation * weights
    else:
        message = weighted(message, weights)
    # Rotation back and sum over a row's slots are one product of depth ROW_WIDTH * M.
    depth = ROW_WIDTH * len(frame.rows)
    rotation = rotation.reshape(-1, depth, n_rows(frame.lmax))
    message = message.reshape(rotation.shape[0], depth, -1)
    return sum_to_targets(torch.bmm(rotation.transpose(1, 2), message), radial.rows)


def sum_messages_first(descriptor: SeZMDescriptor) -> None:
    """In all blocks."""
    replace(descriptor, Aggregation, SumFirst)
