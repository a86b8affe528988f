"""A small message-passing model that couples features of neighbours with FusedTensor."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from sezm_models.fused_tensor import FusedTensor
from sezm_models.graph_sizes import SAME_AS_INPUT, GraphSizes
from sezm_models.neighbor_rows import gather_sources, neighbor_rows, sum_outer
from torch import Tensor, nn

ELEMENTS = ("H", "C", "O")
NUMBERS = (1, 6, 8)
CHANNELS = 4
RADIAL = 5
ROWS = 9  # degrees 0 .. 2


class ToyFused(nn.Module):
    """Two steps: densities of neighbours, coupled with themselves; densities of those, coupled.

    Args:
        dtype: of parameters and geometry.
        cutoff: Angstrom.
    """

    family = "toy_fused"
    elements = ELEMENTS
    message_passing_steps = 2
    conditioning: Mapping[str, int] = MappingProxyType({})
    conditioning_defaults: Mapping[str, tuple[float, ...]] = MappingProxyType({})
    conditioning_values: Mapping[str, tuple[float, ...]] = MappingProxyType({})
    forces_kind = "conservative"
    max_neighbors: int | None = None
    graph_sizes: GraphSizes = SAME_AS_INPUT

    def __init__(self, dtype: torch.dtype, cutoff: float = 4.0) -> None:
        super().__init__()
        self.dtype = dtype
        self.cutoff = cutoff
        self.configuration: dict[str, Any] = {"channels": CHANNELS}
        generator = torch.Generator().manual_seed(0)

        def weight(*shape: int) -> nn.Parameter:
            values = torch.randn(shape, generator=generator, dtype=torch.float64)
            return nn.Parameter((values / shape[0] ** 0.5).to(dtype), requires_grad=False)

        self.embedding = weight(len(ELEMENTS) + 1, CHANNELS)
        self.radial = nn.ParameterList([weight(RADIAL, CHANNELS) for _ in range(2)])
        self.couple = nn.ModuleList(
            [
                FusedTensor(2, 2, CHANNELS, dtype=dtype),
                FusedTensor(2, 2, CHANNELS, 1, include_pseudotensors=False, dtype=dtype),
            ]
        )
        for parameter in self.couple.parameters():
            parameter.copy_(weight(*parameter.shape))
        self.mix = weight(CHANNELS * CHANNELS, CHANNELS)
        self.readout = weight(2 * CHANNELS, 1)
        table = torch.full((120,), len(ELEMENTS), dtype=torch.int64)
        table[list(NUMBERS)] = torch.arange(len(ELEMENTS))
        self.register_buffer("species_of_number", table)

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> Tensor:
        """Energy of each atom, [N] float64."""
        atoms = atomic_numbers.shape[0]
        rows = neighbor_rows(edge_index, edge_vec, atoms, self.cutoff)
        scalars = self.embedding.index_select(
            0, self.species_of_number.index_select(0, atomic_numbers)
        )
        energy = scalars.new_zeros(atoms, 1)
        for radial, couple in zip(self.radial, self.couple, strict=True):
            shells = _shells(rows.vec, self.cutoff) @ radial
            neighbors = gather_sources(scalars, rows) * shells  # [S, C]
            density = sum_outer(_harmonics(rows.vec), neighbors, rows)
            density = density.unsqueeze(1)  # [N, P = 1, rows, C]
            coupled = couple(density, density)
            invariant = (coupled[:, 0, 1:4] ** 2).sum(1)
            features = torch.cat([coupled[:, 0, 0], invariant], 1)
            energy = energy + torch.tanh(features) @ self.readout
            outer = coupled[:, 0, 0].unsqueeze(2) * scalars.unsqueeze(1)
            scalars = torch.tanh(outer.flatten(1) @ self.mix)
        return energy.squeeze(1).double()


def _shells(vec: Tensor, cutoff: float) -> Tensor:
    """[S, 3] -> [S, RADIAL], zero with two derivatives at the cutoff."""
    ratio = ((vec * vec).sum(1, keepdim=True).sqrt() / cutoff).clamp(max=1.0)
    powers = torch.cat([ratio**k for k in range(RADIAL)], 1)
    return powers * (1 - ratio) ** 3


def _harmonics(vec: Tensor) -> Tensor:
    """[S, 3] -> [S, ROWS] of degrees 0, 1 (x, y, z), 2 in Cartesian order, of unit vectors."""
    n = vec / (vec * vec).sum(1, keepdim=True).sqrt()
    x, y, z = n.unbind(1)
    root = 3**0.5
    second = (
        root / 2 * (x * x - y * y),
        root * x * y,
        root * x * z,
        root * y * z,
        1.5 * z * z - 0.5,
    )
    return torch.stack([torch.ones_like(x), x, y, z, *second], 1)
