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
from .degrees import n_rows
from .geometry import EdgeGeometry
from .linear import weight_parameter
from .radial import MLPLayer
from .type_features import TypeFeatures


class SeZMTypeEmbedding(nn.Module):
    """One vector per atom type; the last row belongs to padding atoms."""

    def __init__(self, *, ntypes: int, embed_dim: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.adam_type_embedding = weight_parameter(ntypes + 1, embed_dim, dtype=dtype)

    def forward(self, types: Tensor) -> TypeFeatures:
        """Of atoms of these types [N]."""
        return TypeFeatures(self.adam_type_embedding, types)


class EnvironmentInitialEmbedding(nn.Module):
    """Scale and shift of the type embedding, from second moments of the neighbourhood."""

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
        self.neighbors = NeighborMoments(
            ntypes=ntypes,
            widths=(n_radial, radial_dim, type_dim, hidden, embed),
            activation_function=activation_function,
            mlp_bias=mlp_bias,
            dtype=dtype,
        )
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
        radial = edges.weight * edges.inverse_length
        moments = torch.cat([radial, radial * edges.direction], 1)  # [S, 4]
        if spins is not None:
            moments = torch.cat([moments, edges.weight * gather_sources(spins, rows)], 1)  # [S, 7]
        if edges.gate is not None:
            moments = moments * edges.gate
        sums = self.neighbors(moments, edges, rows, types)
        sums = sums * normalisation.unsqueeze(2)  # [N, 4 or 7, embed]
        axis = sums[:, :, : self.axis_dim]
        if self.spin_scale is not None:
            axis = torch.cat([axis[:, :4], axis[:, 4:] * self.spin_scale], 1)
        products = torch.bmm(sums.transpose(1, 2), axis)
        return products.flatten(1) @ self.output_proj.matrix


class NeighborMoments(nn.Module):
    """Sums over neighbours of moments (x) features of radius and types.

    Args:
        ntypes: number of types.
        widths: of the radial basis, its projection, the type embedding, the hidden features and
            the features.
        activation_function, mlp_bias: of the networks.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        ntypes: int,
        widths: tuple[int, int, int, int, int],
        activation_function: str,
        mlp_bias: bool,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        n_radial, radial_dim, type_dim, hidden, embed = widths
        self.activation = activation_by_name(activation_function)
        self.env_type_embed = SeZMTypeEmbedding(ntypes=ntypes, embed_dim=type_dim, dtype=dtype)
        layer = partial(MLPLayer, bias=mlp_bias, dtype=dtype)
        self.rbf_proj_layer1 = layer(n_radial, radial_dim)
        self.rbf_proj_layer2 = layer(radial_dim, radial_dim)
        self.g_layer1 = layer(radial_dim + 2 * type_dim, hidden)
        self.g_layer2 = layer(hidden, embed)

    def forward(
        self, moments: Tensor, edges: EdgeGeometry, rows: NeighborRows, types: Tensor
    ) -> Tensor:
        """Moments [S, K] and types [N] -> [N, K, embed]."""
        radial = self.rbf_proj_layer2(self.activation(self.rbf_proj_layer1(edges.basis)))
        of_atoms = self.env_type_embed(types).of_atoms()
        source = of_atoms.index_select(0, rows.source)
        target = of_atoms.index_select(0, rows.target)
        target = target.unsqueeze(1).expand(-1, ROW_WIDTH, -1).flatten(0, 1)
        hidden = self.activation(self.g_layer1(torch.cat([radial, source, target], 1)))
        return sum_outer(moments, self.g_layer2(hidden), rows)


class InitialFeatures(nn.Module):
    """Sums of zonal harmonics over neighbours: initial features of l >= 1. No parameters."""

    def forward(
        self, scalars: Tensor, edges: EdgeGeometry, rows: NeighborRows, normalisation: Tensor
    ) -> Tensor:
        """Initial features.

        Args:
            scalars: [N, C], of l = 0.
            edges: of the call.
            rows: of the call.
            normalisation: z_i [N, 1].

        Returns:
            [N, (lmax+1)^2, 1, C].
        """
        zonal = zonal_harmonics(edges)
        radial = edges.radial.unflatten(1, (-1, scalars.shape[1]))  # [S, L+1, C]
        parts = [scalars.unsqueeze(1)]
        for degree in range(1, radial.shape[1]):
            of_degree = zonal[:, n_rows(degree - 1) - 1 : n_rows(degree) - 1]
            summed = sum_outer(of_degree, radial[:, degree], rows)
            parts.append(summed * normalisation.unsqueeze(2))
        return torch.cat(parts, 1).unsqueeze(2)


def zonal_harmonics(edges: EdgeGeometry) -> Tensor:
    """Zonal harmonics of l >= 1, under the source gate: [S, D-1]."""
    zonal = edges.zonal[:, 1:]
    return zonal if edges.gate is None else zonal * edges.gate


def inverse_degree(edges: EdgeGeometry, rows: NeighborRows, floor: float) -> Tensor:
    """z_i = (sum_e w_e^2 + floor)^(-1/2): [N, 1]."""
    squares = (edges.weight * edges.weight).reshape(-1, ROW_WIDTH).sum(1, keepdim=True)
    return torch.rsqrt(sum_to_targets(squares, rows) + floor)
