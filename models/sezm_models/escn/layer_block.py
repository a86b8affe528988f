"""One layer: messages, then a pointwise network on the sphere of each atom (escn.md, Blocks)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ..whole_operators import CHANNEL_BLOCK, call, is_derived
from .config import ESCNConfig
from .edges import Edges, EdgesByAtom
from .message_block import MessageBlock
from .points import escn_points
from .tables import WithTables, sphere_grid

ATOMS_ON_SPHERE = 16
"""Values of so many atoms on the grid nearly stay in the cache: 0.7 MB at default size."""


class LayerBlock(WithTables):
    """What a layer adds to the features of atoms."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        channels = config.sphere_channels
        self.message_block = MessageBlock(config)
        self.fc1_sphere = nn.Linear(2 * channels, channels, bias=False)
        self.fc2_sphere = nn.Linear(channels, channels, bias=False)
        self.fc3_sphere = nn.Linear(channels, channels, bias=False)
        grid = sphere_grid(config, config.lmax, list(range((config.lmax + 1) ** 2)))
        self.has_kernel = channels % CHANNEL_BLOCK == 0
        self.table("to_grid", grid.to)
        self.table("from_grid", grid.back)

    def forward(self, x: Tensor, edges: Edges | EdgesByAtom) -> Tensor:
        """Features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C] -> [N, (lmax+1)^2, C]."""
        message = self.message_block(x, edges)
        if isinstance(edges, Edges):
            return self._on_sphere(x, message)
        parts = zip(x.split(ATOMS_ON_SPHERE), message.split(ATOMS_ON_SPHERE), strict=True)
        return torch.cat([self._on_sphere(*part) for part in parts])

    def _on_sphere(self, x: Tensor, message: Tensor) -> Tensor:
        """Of any atoms."""
        # Linear layers next to the grid act on coefficients: there are fewer than points.
        of_x, of_message = self.fc1_sphere.weight.chunk(2, 1)
        own = pad(linear(x, of_x), (0, 0, 0, message.shape[1] - x.shape[1]))
        mixed = own + linear(message, of_message)
        arguments = (mixed, self.to_grid, self.fc2_sphere.weight, self.from_grid)
        if self.has_kernel and not is_derived(mixed):
            return self.fc3_sphere(call("escn_points", *arguments)[0])
        return self.fc3_sphere(escn_points(*arguments)[0])
