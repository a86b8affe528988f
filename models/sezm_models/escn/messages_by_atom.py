"""Messages of a layer without derivatives: fewer operations, on parts that stay in the cache.

What :class:`MessageBlock` computes of all edges at once, with ``first_layer`` in place of rotated
features.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import silu

from .edges import EdgesByAtom
from .first_layer import FirstLayer
from .memory import Memory
from .second_layer import SecondLayer
from .so2 import OrderWeights

EDGES_ON_GRID = 20
"""Values of so many edges on the grid stay in the cache: 0.5 MB at default size."""


def sum_of_messages(
    weights: Sequence[Sequence[OrderWeights]],
    to_grid: Tensor,
    back: Tensor,
    x: Tensor,
    x_edge: Tensor,
    edges: EdgesByAtom,
) -> Tensor:
    """Messages summed at the targets of edges.

    Args:
        weights: of sources and of targets, of the orders that ``x`` has.
        to_grid: [points, rows] of the orders that ``x`` has.
        back: [E, points, (lmax+1)^2], from values on the grid to features of the target.
        x: features of atoms [N, (lmax+1)^2, C], or scalars [N, 1, C].
        x_edge: [E, edge_channels].
        edges: all.

    Returns:
        [N, (lmax+1)^2, C].
    """
    memory = edges.memory
    source, target = (
        FirstLayer(orders, x, end.rotations, memory)
        for orders, end in zip(weights, (edges.source, edges.target), strict=True)
    )
    of_sources = _of_sources(source, edges)
    second = SecondLayer(weights[0], weights[1], memory)
    total = x.new_zeros((x.shape[0], back.shape[2], x.shape[2]))
    to_grid = to_grid.expand(EDGES_ON_GRID, -1, -1)
    for block in edges.target.blocks:
        tables, totals = target.tables(block), [total[atom] for atom in block.atoms.tolist()]
        for tile in block.tiles:
            place, count = edges.place[tile.edges], tile.n_edges
            message = memory("message", count, sum(second.widths))
            parts = list(message.split(second.widths, 1))
            for m in source.orders:
                at_target = memory("target", *target.shape(m, count))
                target.hidden(m, tables, tile, out=at_target)
                at_source = memory("source", *source.shape(m, count))
                torch.index_select(of_sources[m], 0, place, out=at_source)
                second.write(m, at_source, at_target, x_edge[tile.edges], parts)
            back_of_tile, rows = back[tile.edges], message.view(count, -1, x.shape[2])
            for atom, part in tile.parts(EDGES_ON_GRID):
                _add_to_target(totals[atom], rows[part], to_grid, back_of_tile[part], memory)
    return total


def _of_sources(first: FirstLayer, edges: EdgesByAtom) -> list[Tensor]:
    """Hidden layers of the atoms at the sources of all edges, in the order of the sources."""
    count = edges.place.shape[0]
    results = [edges.memory(f"sources {m}", *first.shape(m, count)) for m in first.orders]
    for block in edges.source.blocks:
        tables = first.tables(block)
        for tile in block.tiles:
            for m, values in enumerate(results):
                first.hidden(m, tables, tile, out=values[tile.edges])
    return results


def _add_to_target(
    total: Tensor, message: Tensor, to_grid: Tensor, back: Tensor, memory: Memory
) -> None:
    """SiLU on the grid, and rotation back, of some edges of one atom.

    Args:
        total: [(lmax+1)^2, C], to which is added.
        message: [E, rows, C].
        to_grid: the matrix [points, rows], at least E times.
        back: [E, points, (lmax+1)^2].
        memory: for values on the grid.
    """
    edges, points, _ = back.shape
    values = memory("values", edges, points, message.shape[2])
    torch.bmm(to_grid[:edges], message, out=values)
    silu(values, inplace=True)
    # Rotation and sum over the edges are one product, of all their points.
    total.addmm_(back.flatten(0, 1).t(), values.flatten(0, 1))
