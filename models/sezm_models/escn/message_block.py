"""Messages along the edges, summed at their targets (escn.md, Blocks)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu

from ..segments import segment_sum
from .config import ESCNConfig
from .edge_block import EdgeBlock
from .edges import Edges, EdgesByAtom
from .messages_by_atom import sum_of_messages
from .so2 import SO2Block, sum_of_blocks
from .tables import WithTables, frame_rows, sphere_grid


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

    def forward(self, x: Tensor, edges: Edges | EdgesByAtom) -> Tensor:
        """Features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C] -> sums of messages.

        Returns:
            [N, (lmax+1)^2, C].
        """
        x_edge = self.edge_block(edges.distances, edges.source_element, edges.target_element)
        if isinstance(edges, Edges):
            return segment_sum(self._messages(x, x_edge, edges), edges.target, x.shape[0])
        blocks = self.so2_block_source, self.so2_block_target
        return sum_of_messages(blocks, self.to_grid, x, x_edge, edges)

    def _messages(self, x: Tensor, x_edge: Tensor, edges: Edges) -> Tensor:
        """[E, (lmax+1)^2, C]."""
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
        message = (self.from_grid @ silu(values)).unflatten(1, (-1, self.channels))
        return torch.bmm(edges.back.transpose(1, 2), message.transpose(0, 1))
