"""Linear layers after sums over neighbours, not before (sezm.md 5.2-5).

Zonal harmonics Z_l summed with radial features, which are the last layer Wout_l of the radial
network on hidden features h::

    sum_e Z_l(e) (x) (w h_e Wout_l) = (sum_e Z_l(e) (x) w h_e) Wout_l

and moments v with features of radius and types, which end in a linear layer W2::

    sum_e v_e (x) (a(q_e) W2 + b2) = (sum_e v_e (x) a(q_e)) W2 + (sum_e v_e) b2

The layer before it, W1 on [p, T_source, T_target], splits by rows. Its radial input p is linear in
hidden features again, p = a(b Wr1 + br1) Wr2 + br2, and types give two tables::

    q_e = a(b_e Wr1 + br1) (Wr2 W1p) + (T W1s + br2 W1p + b1)[source] + (T W1t)[target]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...neighbor_rows import NeighborRows, sum_outer
from ..descriptor import SeZMDescriptor
from ..embedding import NeighborMoments, zonal_harmonics
from ..geometry import EdgeGeometry
from ..linear import degree_matmul
from ..type_features import add_type_tables
from .constants import exact, rounded


class FoldedInitialFeatures(nn.Module):
    """In place of :class:`InitialFeatures`.

    Args:
        last: [hidden, (lmax+1) C], the radial network's last layer.
        channels: C.
    """

    def __init__(self, last: Tensor, channels: int) -> None:
        super().__init__()
        by_degree = exact(last).unflatten(1, (-1, channels)).transpose(0, 1)[1:]
        self.weight = rounded(by_degree, last)  # [lmax, hidden, C]

    def forward(
        self, scalars: Tensor, edges: EdgeGeometry, rows: NeighborRows, normalisation: Tensor
    ) -> Tensor:
        """See :class:`InitialFeatures`."""
        sums = sum_outer(zonal_harmonics(edges), edges.radial, rows)
        sums = sums * normalisation.unsqueeze(2)
        higher = degree_matmul(sums, list(self.weight.unbind(0)), first_degree=1)
        return torch.cat([scalars.unsqueeze(1), higher], 1).unsqueeze(2)


class FoldedNeighborMoments(nn.Module):
    """In place of :class:`NeighborMoments`."""

    def __init__(self, plain: NeighborMoments) -> None:
        super().__init__()
        self.activation, self.rbf_proj_layer1 = plain.activation, plain.rbf_proj_layer1
        self.g_layer2 = plain.g_layer2
        inner, outer = plain.rbf_proj_layer2, plain.g_layer1
        table = plain.env_type_embed.adam_type_embedding
        n_radial, n_types = inner.matrix.shape[1], table.shape[1]
        radial, source, target = exact(outer.matrix).split([n_radial, n_types, n_types])
        of_source = exact(table) @ source
        if inner.bias is not None and outer.bias is not None:
            of_source = of_source + exact(inner.bias) @ radial + exact(outer.bias)
        self.of_radial = rounded(exact(inner.matrix) @ radial, table)
        self.of_source = rounded(of_source, table)
        self.of_target = rounded(exact(table) @ target, table)

    def forward(
        self, moments: Tensor, edges: EdgeGeometry, rows: NeighborRows, types: Tensor
    ) -> Tensor:
        """See :class:`NeighborMoments`."""
        radial = self.activation(self.rbf_proj_layer1(edges.basis)) @ self.of_radial
        of_types = add_type_tables(self.of_source, self.of_target, rows, types)
        hidden = self.activation(radial + of_types)
        if self.g_layer2.bias is not None:
            # The bias is the weight of one more hidden feature, which is 1.
            hidden = torch.cat([hidden, torch.ones_like(hidden[:, :1])], 1)
        sums = sum_outer(moments, hidden, rows)
        if self.g_layer2.bias is None:
            return sums @ self.g_layer2.matrix
        return sums @ torch.cat([self.g_layer2.matrix, self.g_layer2.bias.unsqueeze(0)])


def sum_before_linear_layers(descriptor: SeZMDescriptor) -> None:
    """Both kinds of sums that initial features are made of."""
    if descriptor.uses_env_seed:
        seed = descriptor.env_seed_embedding
        seed.neighbors = FoldedNeighborMoments(seed.neighbors)
        channels = descriptor.type_embedding.adam_type_embedding.shape[1]
        last = descriptor.radial_embedding.net[-1].matrix
        descriptor.initial_features = FoldedInitialFeatures(last, channels)
