"""Messages along the edges, summed at their targets (escn.md, Blocks)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import silu

from ..segments import segment_sum
from .config import ESCNConfig
from .edge_block import EdgeBlock
from .so2 import SO2Block, sum_of_blocks
from .tables import WithTables, frame_rows, sphere_grid

EDGES_PER_TILE = 128
"""What a layer computes of so many edges stays in the cache of a core: grid products of default
size take a third of the time that they take on thousands of edges."""


class Edges(NamedTuple):
    """What all layers know of the edges.

    Attributes:
        source, target: [E] atoms.
        distances: [E, G] functions of the distance.
        source_element, target_element: [E] atomic numbers.
        wigner: [E, frame rows, (lmax+1)^2] rotations into the frame.
        back: the transposed, zero for edges beyond the cutoff.
    """

    source: Tensor
    target: Tensor
    distances: Tensor
    source_element: Tensor
    target_element: Tensor
    wigner: Tensor
    back: Tensor

    @property
    def at_once(self) -> bool:
        """Whether they cannot, or need not, be taken apart: in traces, or with derivatives."""
        few = self.source.shape[0] <= EDGES_PER_TILE
        return self.source.is_meta or self.wigner.requires_grad or few

    def tiles(self) -> Iterator[Edges]:
        """The edges in turn, not many at once."""
        parts = (tensor.split(EDGES_PER_TILE) for tensor in self)
        return (Edges(*tile) for tile in zip(*parts, strict=True))


class MessageBlock(WithTables):
    """One layer's messages."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        self.channels = config.sphere_channels
        self.edge_block = EdgeBlock(config)
        self.so2_block_source = SO2Block(config)
        self.so2_block_target = SO2Block(config)
        grid = sphere_grid(config, config.mmax, frame_rows(config.lmax, config.mmax))
        self.table("to_grid", grid.to)
        self.table("from_grid", grid.back)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C] -> sums of messages.

        Returns:
            [N, (lmax+1)^2, C].
        """
        if edges.at_once:
            return segment_sum(self._messages(x, edges), edges.target, x.shape[0])
        total = x.new_zeros((x.shape[0], edges.wigner.shape[2], x.shape[2]))
        for tile in edges.tiles():
            total.index_add_(0, tile.target, self._messages(x, tile))
        return total

    def _messages(self, x: Tensor, edges: Edges) -> Tensor:
        """[E, (lmax+1)^2, C]."""
        x_edge = self.edge_block(edges.distances, edges.source_element, edges.target_element)
        source, target = x.index_select(0, edges.source), x.index_select(0, edges.target)
        if x.shape[1] > 1:  # scalars are the same in every frame
            source, target = torch.bmm(edges.wigner, source), torch.bmm(edges.wigner, target)
        of_source = self.so2_block_source.hidden(source, x_edge)
        of_target = self.so2_block_target.hidden(target, x_edge)
        hidden = [(*a, *b) for a, b in zip(of_source, of_target, strict=True)]
        message = sum_of_blocks(
            self.so2_block_source, self.so2_block_target, hidden, self.channels
        )  # [frame rows, E, C]: either grid product is one of two matrices
        values = self.to_grid[:, : message.shape[0]] @ message.flatten(1)
        message = self.from_grid @ silu(values)
        return torch.bmm(edges.back, message.unflatten(1, (-1, self.channels)).transpose(0, 1))
