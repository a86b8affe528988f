"""Stage 2: initial node features from types and the local environment (sezm.md 3.1, 3.4)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from ..neighbor_rows import (
    ROW_WIDTH,
    NeighborRows,
    gather_sources,
    sum_outer,
    sum_to_targets,
)
from .activation import activation_by_name
from .geometry import EdgeGeometry
from .linear import degree_matmul, weight_parameter
from .radial import MLPLayer
from .type_features import TypeFeatures, add_type_tables


class SeZMTypeEmbedding(nn.Module):
    """One vector per atom type; the last row belongs to padding atoms."""

    def __init__(self, *, ntypes: int, embed_dim: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.adam_type_embedding = weight_parameter(ntypes + 1, embed_dim, dtype=dtype)

    def forward(self, types: Tensor) -> TypeFeatures:
        """Of atoms of these types [N]."""
        return TypeFeatures(self.adam_type_embedding, types)


class EnvironmentInitialEmbedding(nn.Module):
    """Scale and shift of the type embedding, from second moments of the neighbourhood.

    The second linear layer of the radial branch and the type columns of ``g_layer1`` are folded:
    one is linear, the others are a table per type.
    """

    def __init__(
        self,
        *,
        ntypes: int,
        n_radial: int,
        channels: int,
        activation_function: str = "silu",
        mlp_bias: bool = False,
        uses_spin: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        embed = min(channels, 128)
        type_dim = min(max(channels // 4, 8), 32)
        self.axis_dim = min(4 if embed < 64 else 8, max(1, embed - 1))
        radial_dim = max(32, embed - 2 * type_dim)
        hidden = min(256, max(2 * embed, radial_dim + 2 * type_dim))
        self.radial_dim, self.type_dim = radial_dim, type_dim
        self.activation = activation_by_name(activation_function)
        self.env_type_embed = SeZMTypeEmbedding(ntypes=ntypes, embed_dim=type_dim, dtype=dtype)
        layer = partial(MLPLayer, bias=mlp_bias, dtype=dtype)
        self.rbf_proj_layer1 = layer(n_radial, radial_dim)
        self.rbf_proj_layer2 = layer(radial_dim, radial_dim)
        self.g_layer1 = layer(radial_dim + 2 * type_dim, hidden)
        self.g_layer2 = layer(hidden, embed)
        self.output_proj = MLPLayer(embed * self.axis_dim, 2 * channels, dtype=dtype)
        self.spin_scale = weight_parameter(1, dtype=dtype) if uses_spin else None

    def forward(
        self,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: Tensor,
        normalisation: Tensor,
        spins: Tensor | None = None,
    ) -> Tensor:
        """FiLM coefficients [N, 2 channels].

        Args:
            edges: of the call.
            rows: of the call.
            types: [N].
            normalisation: z_i [N, 1].
            spins: [N, 3] magnetic moments, if the model has any.
        """
        n_atoms = types.shape[0]
        radial = edges.weight * edges.inverse_length
        moments = torch.cat([radial, radial * edges.direction], 1)  # [S, 4]
        if spins is not None:
            moments = torch.cat([moments, edges.weight * gather_sources(spins, rows)], 1)  # [S, 7]
        if edges.gate is not None:
            moments = moments * edges.gate
        features = self.g_layer2(self._edge_hidden(edges, rows, types))
        sums = sum_outer(moments, features, rows, n_atoms)
        sums = sums * normalisation.unsqueeze(2)  # [N, 4 or 7, embed]
        axis = sums[:, :, : self.axis_dim]
        if self.spin_scale is not None:
            axis = torch.cat([axis[:, :4], axis[:, 4:] * self.spin_scale], 1)
        products = torch.bmm(sums.transpose(1, 2), axis)
        return products.flatten(1) @ self.output_proj.matrix

    def _edge_hidden(self, edges: EdgeGeometry, rows: NeighborRows, types: Tensor) -> Tensor:
        """First layer of g on [radial, type of source, type of target]: [S, hidden]."""
        sizes = [self.radial_dim, self.type_dim, self.type_dim]
        from_radial, from_source, from_target = self.g_layer1.matrix.split(sizes, 0)
        table = self.env_type_embed.adam_type_embedding
        radial = self.activation(self.rbf_proj_layer1(edges.basis))
        hidden = radial @ (self.rbf_proj_layer2.matrix @ from_radial)
        of_source = table @ from_source
        inner, outer = self.rbf_proj_layer2.bias, self.g_layer1.bias
        if inner is not None and outer is not None:
            of_source = of_source + inner @ from_radial + outer
        hidden = hidden + add_type_tables(of_source, table @ from_target, rows, types)
        return self.activation(hidden)


class InitialFeatures(nn.Module):
    """Sums of zonal harmonics over neighbours: initial features of l >= 1. No parameters."""

    def forward(
        self,
        scalars: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        normalisation: Tensor,
        last_radial_weight: Tensor,
    ) -> Tensor:
        """Initial features.

        Args:
            scalars: [N, C], of l = 0.
            edges: of the call.
            rows: of the call.
            normalisation: z_i [N, 1].
            last_radial_weight: [hidden, (lmax+1) C]; applied after the sum over neighbours, being
                linear.

        Returns:
            [N, (lmax+1)^2, 1, C].
        """
        n_atoms, channels = scalars.shape
        zonal = edges.wigner[:, 0, 1:]  # [S, D-1]
        if edges.gate is not None:
            zonal = zonal * edges.gate
        sums = sum_outer(zonal, edges.radial, rows, n_atoms) * normalisation.unsqueeze(2)
        weights = last_radial_weight.reshape(last_radial_weight.shape[0], -1, channels)
        higher = degree_matmul(sums, list(weights.unbind(1))[1:], first_degree=1)
        return torch.cat([scalars.unsqueeze(1), higher], 1).unsqueeze(2)


def inverse_degree(edges: EdgeGeometry, rows: NeighborRows, n_atoms: int, floor: float) -> Tensor:
    """z_i = (sum_e w_e^2 + floor)^(-1/2): [N, 1]."""
    squares = (edges.weight * edges.weight).reshape(-1, ROW_WIDTH).sum(1, keepdim=True)
    return torch.rsqrt(sum_to_targets(squares, rows, n_atoms) + floor)
