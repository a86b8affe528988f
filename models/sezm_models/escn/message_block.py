"""Messages along the edges, summed at their targets (escn.md, Blocks)."""

from __future__ import annotations

from torch import Tensor

from ..whole_operators import CHANNEL_BLOCK, call, is_derived
from .config import ESCNConfig
from .edge_block import EdgeBlock
from .edge_messages import escn_messages
from .edges import Edges, EdgesByAtom
from .messages_by_atom import sum_of_messages
from .so2 import SO2Block, listed
from .tables import WithTables, frame_rows, orders_of, sphere_grid


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
        self.latitudes = grid.latitudes
        self.lmax, self.mmax = config.lmax, config.mmax
        channels = config.sphere_channels, config.hidden_channels
        self.has_kernel = all(number % CHANNEL_BLOCK == 0 for number in channels)

    def forward(self, x: Tensor, edges: Edges | EdgesByAtom) -> Tensor:
        """Features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C] -> sums of messages.

        Returns:
            [N, (lmax+1)^2, C].
        """
        x_edge = self.edge_block(edges.distances, edges.source_element, edges.target_element)
        scalars = x.shape[1] == 1
        degree = 0 if scalars else self.lmax
        to_grid = self._on_meridian(self.to_grid) if scalars else self.to_grid
        orders = orders_of(degree, self.mmax)
        ends = [
            block.weights()[:orders] for block in (self.so2_block_source, self.so2_block_target)
        ]
        if isinstance(edges, EdgesByAtom):
            back = self._of_latitudes(edges.back) if scalars else edges.back
            return sum_of_messages(ends, to_grid, back, x, x_edge, edges)
        from_grid = self._of_latitudes(self.from_grid) if scalars else self.from_grid
        tensors = (edges.source, edges.target, x, x_edge, edges.wigner, edges.weight)
        weights = [weight for end in ends for weight in listed(end)]
        arguments = (*tensors, to_grid, from_grid, weights, degree, self.lmax, self.mmax)
        if self.has_kernel and not is_derived(x, x_edge, edges.wigner):
            return call("escn_messages", *arguments)[0]
        return escn_messages(*arguments)[0]

    def _on_meridian(self, to_grid: Tensor) -> Tensor:
        """[points, rows] -> [latitudes, rows of order 0], which is the same at all longitudes."""
        return to_grid.unflatten(0, (self.latitudes, -1))[:, 0, : self.lmax + 1]

    def _of_latitudes(self, from_grid: Tensor) -> Tensor:
        """[n, points, ...] -> [n, latitudes, ...]: of values that no longitude changes."""
        return from_grid.unflatten(1, (self.latitudes, -1)).sum(2)
