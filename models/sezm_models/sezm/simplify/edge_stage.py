"""The edge stage of a block as operators (:mod:`..edge_messages`), where its options allow.

Focus streams share rotations and radial features, and are a call each. What remains around them
acts on atoms - copies of the features for each channel basis of the radial kernels, and everything
that is linear in the sums - or on the scalars on which streams compete: their weights multiply
messages behind the last layer, so that they are factors of the attention's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...neighbor_rows import NeighborRows, gather_sources, rotate_sources
from ...whole_operators import CHANNEL_BLOCK
from ..activation import ACTIVATIONS
from ..degrees import n_rows
from ..descriptor import SeZMDescriptor
from ..edge_layout import EdgeLayout
from ..edge_operators import summed_messages
from ..focus import FocusCompetition
from ..messages import LocalMessages
from ..radial_features import RadialFeatures, RadialMap
from ..so2 import SO2Gate
from .aggregation import SumFirst


class EdgeStage(nn.Module):
    """In place of :class:`LocalMessages`, :class:`FocusCompetition` and :class:`SumFirst`."""

    def __init__(
        self, message: LocalMessages, competition: FocusCompetition | None, aggregation: SumFirst
    ) -> None:
        super().__init__()
        self.frame, self.mixing = message.frame, message.mixing
        self.competition, self.aggregation = competition, aggregation
        self.channels = message.focus_dim
        mixer = message.source.radial_degree_mixer
        self.channel_basis: Tensor | None = None
        self.radial: RadialMap
        if mixer is None:
            self.radial = message.source.radial_degrees
        else:
            self.radial, self.channel_basis = mixer.kernels, mixer.channel_basis
        self.layout = EdgeLayout(self.frame.lmax, self.frame.mmax, per_channel=mixer is None)

    def forward(self, features: Tensor, radial: RadialFeatures) -> Tensor:
        """Features [A, D, F C] of all atoms to sums [N, D, F, C]."""
        weights = self.aggregation.weights(features[:, 0], radial)
        if self.channel_basis is not None:
            copies = features.unsqueeze(1) * self.channel_basis.unsqueeze(1)
            features = copies.flatten(1, 2)  # [A, r D, F C]
        rows, numerator, factors = radial.rows, weights.numerator, self.radial(radial)
        wigner = radial.edges.frames[self.frame.key].wigner
        if self.competition is None:
            summed = self._summed(0, features, wigner, factors, numerator, rows)
        else:
            scalars = self._scalars(features, wigner, factors, rows)
            numerator = numerator * self.competition(scalars)  # [S, F]
            parts = zip(features.split(self.channels, 2), numerator.split(1, 1), strict=True)
            summed = torch.cat(
                [
                    self._summed(i, values, wigner, self._of_stream(i, factors), weight, rows)
                    for i, (values, weight) in enumerate(parts)
                ],
                2,
            )
        return self.aggregation.finished(summed, weights, self.frame)

    def _summed(
        self,
        stream: int,
        features: Tensor,
        wigner: Tensor,
        factors: Tensor,
        weight: Tensor,
        rows: NeighborRows,
    ) -> Tensor:
        """Sums [N, D, C] of a focus stream."""
        layers = self._layers(stream)
        return summed_messages(features, wigner, factors, weight, layers, self.layout, rows)

    def _of_stream(self, stream: int, factors: Tensor) -> Tensor:
        """Radial features of a focus stream; kernels are those of all."""
        if not self.layout.per_channel:
            return factors
        by_degree = factors.unflatten(1, (self.layout.lmax + 1, -1))
        first = stream * self.channels
        return by_degree[:, :, first : first + self.channels].flatten(1)

    def _scalars(
        self, features: Tensor, wigner: Tensor, factors: Tensor, rows: NeighborRows
    ) -> Tensor:
        """Row l = m = 0 of the messages before their layers: [S, F, C]."""
        if self.layout.per_channel:
            sources = gather_sources(features[:, 0], rows)
            scalars = sources * factors[:, : sources.shape[1]]
        else:
            degrees = self.layout.lmax + 1
            rank = features.shape[1] // n_rows(self.layout.lmax)
            of_zero = factors[:, : degrees * degrees * rank]
            to_zero = of_zero.unflatten(1, (degrees, degrees, rank))[:, :, 0]  # [S, L+1, r]
            entries = [part.expand(-1, 2 * i + 1, -1) for i, part in enumerate(to_zero.split(1, 1))]
            kernel = torch.cat(entries, 1) * wigner[:, 0].unsqueeze(2)  # [S, D, r]
            kernel = kernel.transpose(1, 2).flatten(1).unsqueeze(1)
            scalars = rotate_sources(features, kernel, rows).squeeze(1)
        return scalars.unflatten(1, (-1, self.channels))

    def _layers(self, stream: int) -> list[Tensor]:
        """Matrices of a focus stream's layers, each with its gate's."""
        mixing, layers = self.mixing, []
        for i, linear in enumerate(mixing.so2_linears):
            layers += [linear.zero[stream], *(weight[stream] for weight in linear.pairs)]
            if i < len(mixing.non_linearities):
                layers.append(mixing.non_linearities[i].gate_linear.per_focus()[stream])
        return layers


def join_edge_stages(descriptor: SeZMDescriptor) -> None:
    """In all blocks with the options that the operator covers."""
    for block in descriptor.blocks:
        convolution = block.so2_conv
        message, aggregation = convolution.message, convolution.aggregation
        if _is_covered(message, aggregation):
            convolution.edge_stage = EdgeStage(message, convolution.competition, aggregation)
            convolution.message = convolution.competition = convolution.aggregation = None


def _is_covered(message: nn.Module, aggregation: SumFirst) -> bool:
    """Whether the operator computes these messages and their sums."""
    if not isinstance(message, LocalMessages) or message.node_wise_grid_product is not None:
        return False
    attention = aggregation.plain.attn
    mixing, mixer = message.mixing, message.source.radial_degree_mixer
    gates_only = all(
        isinstance(gate, SO2Gate) and gate.activation is ACTIVATIONS["silu"]
        for gate in mixing.non_linearities
    )
    return (
        message.lmax >= 1
        and message.focus_dim % CHANNEL_BLOCK == 0
        and len(mixing.so2_linears) >= 1
        and gates_only
        and not (mixing.so2_norm or mixing.layer_scale or mixing.has_bias)
        and len(mixing.so2_layer_attn_res) == 0
        and (attention is None or attention.n_heads == 1)
        and (mixer is None or not mixer.per_channel)
    )
