"""Features of an edge, from its length and its two elements (escn.md, Blocks)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from .config import ESCNConfig
from .tables import WithTables


class Distances(WithTables):
    """Gaussians of the distance."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        centres = np.linspace(0, config.cutoff, config.num_gaussians)
        width = config.basis_width_scalar * (centres[1] - centres[0])
        self.factor = -0.5 / width**2
        self.table("centres", centres)

    def forward(self, distance: Tensor) -> Tensor:
        """[E] -> [E, G]."""
        return torch.exp(self.factor * (distance.unsqueeze(1) - self.centres) ** 2)


class EdgeBlock(nn.Module):
    """Edge features of one layer."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        width = config.edge_channels
        self.fc1_dist = nn.Linear(config.num_gaussians, width)
        self.source_embedding = nn.Embedding(config.max_num_elements, width)
        self.target_embedding = nn.Embedding(config.max_num_elements, width)
        self.fc1_edge_attr = nn.Linear(width, width)

    def forward(self, distances: Tensor, source_element: Tensor, target_element: Tensor) -> Tensor:
        """[E, G] Gaussians and atomic numbers [E] -> [E, edge_channels]."""
        source = self.source_embedding.weight.index_select(0, source_element)
        target = self.target_embedding.weight.index_select(0, target_element)
        return silu(self.fc1_edge_attr(silu(source + target + self.fc1_dist(distances))))
