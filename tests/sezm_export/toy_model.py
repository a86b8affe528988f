"""A small message-passing model with the operations that real ones use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from sezm_models.graph_sizes import SAME_AS_INPUT, GraphSizes
from sezm_models.segments import segment_max, segment_sum
from torch import Tensor, nn

ELEMENTS = ("H", "C", "O")
NUMBERS = (1, 6, 8)
CHANNELS = 6


class ToyModel(nn.Module):
    """Two attention layers on scalar and vector features in the frame of each edge.

    Args:
        dtype: of parameters and geometry.
        cutoff: Angstrom.
        seed: of the random weights.
    """

    family = "toy"
    elements = ELEMENTS
    message_passing_steps = 2
    conditioning: Mapping[str, int] = MappingProxyType({})
    conditioning_defaults: Mapping[str, tuple[float, ...]] = MappingProxyType({})
    conditioning_values: Mapping[str, tuple[float, ...]] = MappingProxyType({})
    forces_kind = "conservative"
    max_neighbors: int | None = None
    whole_system = False
    graph_sizes: GraphSizes = SAME_AS_INPUT

    def __init__(self, dtype: torch.dtype, cutoff: float = 4.0, seed: int = 0) -> None:
        super().__init__()
        self.dtype = dtype
        self.cutoff = cutoff
        self.configuration: dict[str, Any] = {"channels": CHANNELS, "seed": seed}
        generator = torch.Generator().manual_seed(seed)

        def weight(*shape: int) -> nn.Parameter:
            values = torch.randn(shape, generator=generator, dtype=torch.float64)
            scaled = values / shape[-2] ** 0.5 if len(shape) > 1 else values
            return nn.Parameter(scaled.to(dtype), requires_grad=False)

        self.embedding = weight(len(ELEMENTS) + 1, CHANNELS)
        self.radial = weight(5, CHANNELS)
        self.query = nn.ParameterList([weight(CHANNELS, 2) for _ in range(2)])
        self.message = nn.ParameterList([weight(4 * CHANNELS, 4 * CHANNELS) for _ in range(2)])
        self.update = nn.ParameterList([weight(CHANNELS, CHANNELS) for _ in range(2)])
        self.readout = weight(CHANNELS)
        table = torch.full((120,), len(ELEMENTS), dtype=torch.int64)
        table[list(NUMBERS)] = torch.arange(len(ELEMENTS))
        self.register_buffer("species_of_number", table)
        known = torch.full((120,), float("nan"), dtype=torch.float64)
        known[[0, *NUMBERS]] = 0.0
        self.register_buffer("shift", known)

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> Tensor:
        """Energy of each atom, [N] float64."""
        source, target = edge_index[0], edge_index[1]
        size = atomic_numbers.shape[0]
        scalars = self.embedding.index_select(0, self.species_of_number[atomic_numbers])
        features = torch.cat([scalars.unsqueeze(1), scalars.new_zeros(size, 3, CHANNELS)], dim=1)
        distance = (edge_vec.square().sum(1) + 1e-12).sqrt()
        direction = edge_vec / distance.unsqueeze(1)
        ratio = (distance / self.cutoff).clamp(max=1.0)
        envelope = (1 - ratio) ** 3 * (1 + 3 * ratio)
        order = torch.arange(1, 6, dtype=self.dtype, device=edge_vec.device)
        bessel = torch.sin(order * torch.pi * ratio.unsqueeze(1)) / distance.unsqueeze(1)
        radial = (bessel @ self.radial) * envelope.unsqueeze(1)
        rotation = _frames(direction)
        for query, message, update in zip(self.query, self.message, self.update, strict=True):
            gathered = features.index_select(0, source)
            local = torch.cat([gathered[:, :1], torch.bmm(rotation, gathered[:, 1:])], dim=1)
            mixed = (local * radial.unsqueeze(1)).reshape(-1, 4 * CHANNELS) @ message
            mixed = nn.functional.silu(mixed).reshape(-1, 4, CHANNELS)
            back = torch.bmm(rotation.transpose(1, 2), mixed[:, 1:])
            weights = _softmax(mixed[:, 0] @ query, envelope, target, size)  # [E, 2]
            vectors = torch.cat([mixed[:, :1], back], dim=1) * weights.sum(1)[:, None, None]
            features = features + segment_sum(vectors, target, size)
            gate = torch.sigmoid(features[:, 0] @ update)
            features = features * gate.unsqueeze(1)
        norm = torch.rsqrt(features.square().mean((1, 2)) + 1.0)
        energy = torch.tanh(features[:, 0] * norm.unsqueeze(1)) @ self.readout
        return energy.double() + self.shift[atomic_numbers]


def _frames(direction: Tensor) -> Tensor:
    """A smooth [E, 3, 3] matrix of each direction (not orthogonal: a toy)."""
    x, y, z = direction.unbind(1)
    rows = (x, y, z, y * z, -x * z, x * y, z, x, y)
    return torch.stack(rows, dim=1).reshape(-1, 3, 3)


def _softmax(logits: Tensor, envelope: Tensor, target: Tensor, size: int) -> Tensor:
    """Enveloped softmax over the edges of each target."""
    floor = logits.new_zeros(size, logits.shape[1])
    largest = segment_max(logits, target, floor)
    weights = torch.exp(logits - largest.index_select(0, target)) * envelope.unsqueeze(1)
    total = segment_sum(weights, target, size) + torch.exp(-largest)
    return weights / total.index_select(0, target)
