"""Messages along the edges, summed at their targets (escn.md, Blocks)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import silu

from ..neighbor_rows import ROW_WIDTH, NeighborRows, sum_to_targets
from .config import ESCNConfig
from .edge_block import EdgeBlock
from .so2 import SO2Block
from .tables import WithTables, frame_rows, sphere_grid


class Edges(NamedTuple):
    """What all layers know of the edges, in S slots.

    Attributes:
        rows: where they are.
        target: [S] target atom of each slot.
        distances: [S, G] functions of the distance.
        source_element, target_element: [S] atomic numbers.
        wigner: [S, frame rows, (lmax+1)^2] rotations into the frame.
        back: the transposed, zero in empty slots and for edges beyond the cutoff,
            [R, (lmax+1)^2, slots of a row * frame rows].
    """

    rows: NeighborRows
    target: Tensor
    distances: Tensor
    source_element: Tensor
    target_element: Tensor
    wigner: Tensor
    back: Tensor


class MessageBlock(WithTables):
    """One layer's messages."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        self.edge_block = EdgeBlock(config)
        self.so2_block_source = SO2Block(config)
        self.so2_block_target = SO2Block(config)
        grid = sphere_grid(config, config.mmax, frame_rows(config.lmax, config.mmax))
        self.table("to_grid", grid.to)
        self.table("from_grid", grid.back)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Features of atoms [N, (lmax+1)^2, C] -> sums of messages, the same."""
        x_edge = self.edge_block(edges.distances, edges.source_element, edges.target_element)
        source = torch.bmm(edges.wigner, x.index_select(0, edges.rows.source))
        target = torch.bmm(edges.wigner, x.index_select(0, edges.target))
        message = self.so2_block_source(source, x_edge) + self.so2_block_target(target, x_edge)
        message = self.from_grid @ silu(self.to_grid @ message)
        # Rotation back and sum over a row's slots are one product.
        in_rows = message.reshape(-1, ROW_WIDTH * message.shape[1], message.shape[2])
        return sum_to_targets(torch.bmm(edges.back, in_rows), edges.rows)
