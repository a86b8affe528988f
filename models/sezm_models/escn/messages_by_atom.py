"""Messages of a layer without derivatives: fewer operations, on parts that stay in the cache.

What :class:`MessageBlock` computes of all edges at once, with ``first_layer`` in place of rotated
features.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu

from .edges import EdgesByAtom
from .first_layer import FirstLayer
from .memory import Memory
from .second_layer import SecondLayer
from .so2 import SO2Block

EDGES_ON_GRID = 20
"""Values of so many edges on the grid stay in the cache: 0.5 MB at default size."""


def sum_of_messages(
    blocks: tuple[SO2Block, SO2Block],
    grid: tuple[Tensor, Tensor],
    x: Tensor,
    x_edge: Tensor,
    edges: EdgesByAtom,
) -> Tensor:
    """Messages summed at the targets of edges.

    Args:
        blocks: of sources and of targets.
        grid: matrices to the grid and back, see :class:`~.tables.Grid`.
        x: features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C].
        x_edge: [E, edge_channels].
        edges: all.

    Returns:
        [N, (lmax+1)^2, C].
    """
    memory = Memory(x)
    source, target = (
        FirstLayer(block, x, end.rotations, memory)
        for block, end in zip(blocks, (edges.source, edges.target), strict=True)
    )
    of_sources = [x.new_empty(shape) for shape in source.shapes(x_edge.shape[0])]
    for block in edges.source.blocks:
        tables = source.tables(block)
        for tile in block.tiles:
            source.hidden(tables, tile, [values[tile.edges] for values in of_sources])
    second = SecondLayer(*blocks, len(of_sources), memory)
    total = x.new_zeros((x.shape[0], edges.back.shape[2], x.shape[2]))
    for block in edges.target.blocks:
        tables = target.tables(block)
        for tile in block.tiles:
            shapes = target.shapes(tile.n_edges)
            of_target = [memory(f"target {m}", *shape) for m, shape in enumerate(shapes)]
            target.hidden(tables, tile, of_target)
            of_source = [memory(f"source {m}", *shape) for m, shape in enumerate(shapes)]
            for values, out in zip(of_sources, of_source, strict=True):
                torch.index_select(values, 0, edges.place[tile.edges], out=out)
            message = second.message(of_source, of_target, x_edge[tile.edges])
            message = message.view(tile.n_edges, -1, x.shape[2])
            for atom, part in tile.parts(EDGES_ON_GRID):
                back = edges.back[tile.edges][part]
                _add_to_target(total[block.atoms[atom]], message[part], back, grid, memory)
    return total


def _add_to_target(
    total: Tensor,
    message: Tensor,
    back: Tensor,
    grid: tuple[Tensor, Tensor],
    memory: Memory,
) -> None:
    """SiLU on the grid, and rotation back, of some edges of one atom.

    Args:
        total: [(lmax+1)^2, C], to which is added.
        message: [E, rows, C].
        back: [E, frame rows, (lmax+1)^2].
        grid: see :func:`sum_of_messages`.
        memory: for values on the grid.
    """
    to_grid, from_grid = grid
    edges, rows, channels = message.shape
    values = memory("values", edges, to_grid.shape[0], channels)
    torch.bmm(to_grid[:, :rows].expand(edges, -1, -1), message, out=values)
    silu(values, inplace=True)
    # Rotation and sum over the edges are one product, of all their points.
    matrices = torch.matmul(from_grid.t(), back)
    total.addmm_(matrices.flatten(0, 1).t(), values.flatten(0, 1))
