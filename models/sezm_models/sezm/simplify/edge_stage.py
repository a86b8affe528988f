"""The edge stage of a block as one operator (:mod:`..edge_messages`), where its options allow.

What remains around it acts on atoms: copies of the features for each channel basis of the radial
kernels, and everything that is linear in the sums.
"""

from __future__ import annotations

from torch import Tensor, nn

from ..activation import ACTIVATIONS
from ..descriptor import SeZMDescriptor
from ..edge_layout import EdgeLayout
from ..edge_operators import summed_messages
from ..messages import LocalMessages
from ..radial_features import RadialFeatures, RadialMap
from ..so2 import SO2Gate
from .aggregation import SumFirst

CHANNEL_BLOCK = 16
"""Channels come in multiples of this, so that kernels need not care for remainders."""


class EdgeStage(nn.Module):
    """In place of :class:`LocalMessages` and :class:`SumFirst`."""

    def __init__(self, message: LocalMessages, aggregation: SumFirst) -> None:
        super().__init__()
        self.frame, self.mixing, self.aggregation = message.frame, message.mixing, aggregation
        mixer = message.source.radial_degree_mixer
        self.channel_basis: Tensor | None = None
        self.radial: RadialMap
        if mixer is None:
            self.radial = message.source.radial_degrees
        else:
            self.radial, self.channel_basis = mixer.kernels, mixer.channel_basis
        self.layout = EdgeLayout(self.frame.lmax, self.frame.mmax, per_channel=mixer is None)

    def forward(self, features: Tensor, radial: RadialFeatures) -> Tensor:
        """Features [A, D, C] of all atoms to sums [N, D, 1, C]."""
        weights = self.aggregation.weights(features[:, 0], radial)
        if self.channel_basis is not None:
            copies = features.unsqueeze(1) * self.channel_basis.unsqueeze(1)
            features = copies.flatten(1, 2)  # [A, r D, C]
        summed = summed_messages(
            features,
            radial.edges.frames[self.frame.key].wigner,
            self.radial(radial),
            weights.numerator,
            self._layers(),
            self.layout,
            radial.rows,
        )
        return self.aggregation.finished(summed, weights, self.frame)

    def _layers(self) -> list[Tensor]:
        """Matrices of the layers, each with its gate's."""
        mixing, layers = self.mixing, []
        for i, linear in enumerate(mixing.so2_linears):
            layers += [linear.zero[0], *(weight[0] for weight in linear.pairs)]
            if i < len(mixing.non_linearities):
                layers.append(mixing.non_linearities[i].gate_linear.per_focus()[0])
        return layers


def join_edge_stages(descriptor: SeZMDescriptor) -> None:
    """In all blocks with the options that the operator covers."""
    for block in descriptor.blocks:
        convolution = block.so2_conv
        message, aggregation = convolution.message, convolution.aggregation
        if convolution.n_focus == 1 and _is_covered(message, aggregation):
            convolution.edge_stage = EdgeStage(message, aggregation)
            convolution.message = convolution.aggregation = None


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
