"""The last layer of the radial network, folded into what is linear in it (sezm.md 5.2-4).

Radial features are linear in the hidden features h of the network and in the type features t::

    rho_l = w h Wout_l + t_source + t_target

so a linear map of them, with weights W_l, is one product with h, and a table::

    sum_l rho_l W_l = w h (sum_l Wout_l W_l) + (t_source + t_target) (sum_l W_l)

With a projection P from C to Ch channels, Wout_l P and t P take the places of Wout_l and t. What
is (E, L+1, Ch) is never made, unless its elements are wanted (modulation "none").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..descriptor import SeZMDescriptor
from ..radial_features import RadialFeatures, RadialMap
from .constants import exact, replace, rounded


class FoldedRadialMap(nn.Module):
    """A linear map of radial features, from hidden features of the network.

    Args:
        matrix: [(L+1) Ch, Z], of the map.
        last: [hidden, (L0+1) C], the network's last layer, L0 >= L.
        projection: [C, Ch], or None where these are equal.
        lmax: L.
    """

    def __init__(self, matrix: Tensor, last: Tensor, projection: Tensor | None, lmax: int) -> None:
        super().__init__()
        by_degree = exact(matrix).unflatten(0, (lmax + 1, -1))  # [L+1, Ch, Z]
        if projection is not None:
            by_degree = exact(projection) @ by_degree
        of_hidden = exact(last).unflatten(1, (-1, by_degree.shape[1]))[:, : lmax + 1]
        self.of_hidden = rounded(torch.einsum("hlc,lck->hk", of_hidden, by_degree), last)
        self.of_types = rounded(by_degree.sum(0), last)

    def forward(self, radial: RadialFeatures) -> Tensor:
        """[S, Z]."""
        of_types = radial.types.times(self.of_types)
        return radial.edges.radial @ self.of_hidden + of_types.of_edges(radial.rows)


def fold_radial_maps(descriptor: SeZMDescriptor) -> None:
    """The maps of all blocks."""
    last = descriptor.radial_embedding.net[-1].matrix
    for block in descriptor.blocks:
        convolution = block.so2_conv
        projection = convolution.radial_hidden_proj
        weight = None if projection is None else projection.weight

        def folded(plain: RadialMap, weight: Tensor | None = weight) -> FoldedRadialMap:
            return FoldedRadialMap(plain.matrix(), last, weight, plain.lmax)

        # The kind is looked for, never made.
        replace(convolution, RadialMap, folded)  # type: ignore[type-abstract]
        convolution.radial_hidden_proj = None


def drop_last_layer(descriptor: SeZMDescriptor) -> None:
    """The network gives its hidden features, once nothing needs more."""
    descriptor.radial_embedding.net = descriptor.radial_embedding.net[:-1]
