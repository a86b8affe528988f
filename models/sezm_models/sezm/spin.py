"""Magnetic moments as features of atoms: the native spin scheme (sezm.md 3.14)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows, gather_sources, sum_outer
from .activation import activation_by_name
from .geometry import EdgeGeometry
from .linear import weight_parameter
from .radial import MLPLayer


class SpinEmbedding(nn.Module):
    """What the moments add to the initial features; parameter names are those of the checkpoint.

    Args:
        magnetic: whether each type has a moment; spins of other types count for nothing.
        channels: C.
        activation_function: of the network on the squared length of a moment.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        magnetic: tuple[bool, ...],
        channels: int,
        activation_function: str = "silu",
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        n_types = len(magnetic)
        self.activation = activation_by_name(activation_function)
        self.adam_spin_vec_weight = weight_parameter(n_types, channels, dtype=dtype)
        self.adam_spin_nbr_weight = weight_parameter(n_types, channels, dtype=dtype)
        self.mag_layer1 = MLPLayer(1, channels, dtype=dtype)
        self.mag_layer2 = MLPLayer(channels, channels, dtype=dtype)
        # Padding atoms, of the type after the last, have no moment.
        mask = torch.tensor([*magnetic, False], dtype=dtype)
        self.register_buffer("mask", mask.unsqueeze(1), persistent=False)

    def moments(self, spins: Tensor, types: Tensor) -> Tensor:
        """Spins [N, 3], zero where the type is not magnetic."""
        return spins * self.mask.index_select(0, types)

    def of_lengths(self, moments: Tensor, types: Tensor) -> Tensor:
        """Shift of the type features: [N, C]."""
        squares = (moments * moments).sum(1, keepdim=True)
        shift = self.mag_layer2(self.activation(self.mag_layer1(squares)))
        # Some activations are not zero at zero.
        return shift * self.mask.index_select(0, types)

    def on_site(self, moments: Tensor, types: Tensor) -> Tensor:
        """Features of l = 1 from the atom's own moment: [N, 3, C]."""
        weight = _by_type(self.adam_spin_vec_weight).index_select(0, types)
        return _degree_one(moments).unsqueeze(2) * weight.unsqueeze(1)

    def of_neighbors(
        self, moments: Tensor, types: Tensor, edges: EdgeGeometry, rows: NeighborRows
    ) -> Tensor:
        """Sum over neighbours of their features of l = 1: [N, 3, C]."""
        weight = _by_type(self.adam_spin_nbr_weight).index_select(
            0, types.index_select(0, rows.source)
        )
        vectors = _degree_one(gather_sources(moments, rows)) * edges.weight
        if edges.gate is not None:
            vectors = vectors * edges.gate
        return sum_outer(vectors, weight, rows)


def _by_type(table: Tensor) -> Tensor:
    """[T, C] with a row of zeros for padding atoms: [T+1, C]."""
    return torch.cat([table, torch.zeros_like(table[:1])])


def _degree_one(vectors: Tensor) -> Tensor:
    """[.., 3] in the order and scale of features of l = 1 (sezm.md 3.14): [.., 3]."""
    x, y, z = vectors.unbind(1)
    return math.sqrt(2.0) * torch.stack([-y, -z, x], 1)
