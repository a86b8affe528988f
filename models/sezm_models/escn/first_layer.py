"""First linear maps in the frames of edges, made of atoms before their features are rotated.

A rotation mixes the orders within a degree, weights mix degrees and channels: for order m

    sum_l W_lm (D^l x^l)_m = sum_l sum_m' D^l_mm' (W_lm x^l_m')

so that products with weights are made once for an atom, not for each of its edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .blocks_of_atoms import Block, Tile
from .memory import Memory
from .so2 import OrderWeights, first_weights


class FirstLayer:
    """First linear maps of one end of the edges.

    Args:
        weights: of all orders that ``x`` has.
        x: features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C], which have order 0 alone.
        rotations: of each order m, [E, 1 or 2, (lmax+1)^2 - m^2]: rows 0, or +m and -m.
        memory: of the tables.
    """

    def __init__(
        self,
        weights: Sequence[OrderWeights],
        x: Tensor,
        rotations: list[Tensor],
        memory: Memory,
    ) -> None:
        self._x, self._memory = x, memory
        self._weights = [
            first_weights(weights, degree, x.shape[2]) for degree in range(math.isqrt(x.shape[1]))
        ]
        if x.shape[1] == 1:  # scalars are the same in every frame
            self._rotations = [torch.ones_like(rotations[0][:, :, :1])]
        else:
            self._rotations = rotations
        self._widths = [order.bias.shape[0] for order in weights]

    @property
    def orders(self) -> range:
        """Those that are there; what is left out is zero."""
        return range(len(self._widths))

    def shape(self, m: int, edges: int) -> tuple[int, int, int]:
        """Of a hidden layer: [E, 1, H] of order 0, else [E, 2, 2 H], real and imaginary part."""
        return edges, 1 + (m > 0), self._widths[m]

    def tables(self, block: Block) -> list[Tensor]:
        """W_lm x^l_m' of a block's atoms, of each order m, in memory that the next call takes.

        Returns:
            [A, (lmax+1)^2 - m^2, width].
        """
        # [(lmax+1)^2, A, C]: the rows of a degree, of all atoms, are one matrix.
        features = self._x.index_select(0, block.atoms).transpose(0, 1).contiguous()
        rows, atoms, channels = features.shape
        width = sum(self._widths)
        table = self._memory("table", rows, atoms, width)
        for degree, weight in enumerate(self._weights):
            of_degree = slice(degree**2, (degree + 1) ** 2)
            out = table[of_degree].view(-1, width)[:, : weight.shape[0]]
            torch.mm(features[of_degree].view(-1, channels), weight.t(), out=out)
        parts = table.transpose(0, 1).split(self._widths, 2)
        return [part[:, m * m :] for m, part in enumerate(parts)]

    def hidden(self, m: int, tables: list[Tensor], tile: Tile, out: Tensor) -> None:
        """The hidden layer of order ``m`` of the edges of a tile.

        Args:
            m: 0, 1, ...
            tables: of the block that has the tile.
            tile: of E edges.
            out: see :meth:`shape`.
        """
        rows, width = tables[m].shape[1:]
        of_tile = self._rotations[m][tile.edges]
        for run in tile.runs:
            matrices = of_tile[run.edges].reshape(run.n_atoms, -1, rows)
            values = out[run.edges].view(run.n_atoms, -1, width)
            torch.bmm(matrices, tables[m][run.atoms], out=values)
