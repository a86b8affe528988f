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
        self.latitudes = grid.latitudes
        self.n_degrees = config.lmax + 1

    def forward(self, x: Tensor, edges: Edges | EdgesByAtom) -> Tensor:
        """Features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C] -> sums of messages.

        Returns:
            [N, (lmax+1)^2, C].
        """
        x_edge = self.edge_block(edges.distances, edges.source_element, edges.target_element)
        scalars = x.shape[1] == 1
        to_grid = self._on_meridian(self.to_grid) if scalars else self.to_grid
        if isinstance(edges, Edges):
            from_grid = self._of_latitudes(self.from_grid) if scalars else self.from_grid
            messages = self._messages(x, x_edge, edges, to_grid, from_grid)
            return segment_sum(messages, edges.target, x.shape[0])
        back = self._of_latitudes(edges.back) if scalars else edges.back
        blocks = self.so2_block_source, self.so2_block_target
        return sum_of_messages(blocks, to_grid, back, x, x_edge, edges)

    def _on_meridian(self, to_grid: Tensor) -> Tensor:
        """[points, rows] -> [latitudes, rows of order 0], which is the same at all longitudes."""
        return to_grid.unflatten(0, (self.latitudes, -1))[:, 0, : self.n_degrees]

    def _of_latitudes(self, from_grid: Tensor) -> Tensor:
        """[n, points, ...] -> [n, latitudes, ...]: of values that no longitude changes."""
        return from_grid.unflatten(1, (self.latitudes, -1)).sum(2)

    def _messages(
        self, x: Tensor, x_edge: Tensor, edges: Edges, to_grid: Tensor, from_grid: Tensor
    ) -> Tensor:
        """[E, (lmax+1)^2, C]; the grid is that of the orders that ``x`` has."""
        source, target = x.index_select(0, edges.source), x.index_select(0, edges.target)
        if x.shape[1] > 1:  # scalars are the same in every frame
            source, target = torch.bmm(edges.wigner, source), torch.bmm(edges.wigner, target)
        of_source = self.so2_block_source.hidden(source, x_edge)
        of_target = self.so2_block_target.hidden(target, x_edge)
        hidden = [(*a, *b) for a, b in zip(of_source, of_target, strict=True)]
        message = sum_of_blocks(
            self.so2_block_source, self.so2_block_target, hidden, self.channels
        )  # [frame rows, E, C]: either grid product is one of two matrices
        values = to_grid @ message.flatten(1)
        message = (from_grid @ silu(values)).unflatten(1, (-1, self.channels))
        return torch.bmm(edges.back.transpose(1, 2), message.transpose(0, 1))
