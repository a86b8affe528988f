"""Groups of atoms that a staged file computes one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .spatial_order import spatial_order

Index = slice | np.ndarray


class Part(NamedTuple):
    """Atoms that are computed together.

    Attributes:
        own: the N atoms, of all.
        atoms: these and their ghosts, A.
        edges: the E edges towards them, of all.
        edge_index: [2, E] the same, by positions in ``atoms``.
    """

    own: Index
    atoms: Index
    edges: Index
    edge_index: np.ndarray


def whole(inputs: Mapping[str, np.ndarray]) -> list[Part]:
    """All atoms as one part."""
    everything = slice(None)
    return [Part(everything, everything, everything, inputs["edge_index"])]


def tiles(inputs: Mapping[str, np.ndarray], edges_per_tile: int) -> list[Part]:
    """Parts of atoms near each other, with about so many edges each; at least one atom.

    Atoms that lie together share neighbours, so a part has few ghosts: in 12,288 atoms
    of water that have lost their order, a ninth of those of parts of consecutive atoms.
    """
    order = spatial_order(inputs["pos"], inputs["batch"])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    source, target = rank[inputs["edge_index"]]
    edges = np.argsort(target, kind="stable")
    source, target = source[edges], target[edges]
    first_edge = np.searchsorted(target, np.arange(len(order) + 1))
    parts = []
    start = 0
    while start < len(order):
        # The last atom whose edges still fit.
        stop = int(np.searchsorted(first_edge, first_edge[start] + edges_per_tile, "right")) - 1
        stop = min(max(stop, start + 1), len(order))
        here = slice(first_edge[start], first_edge[stop])
        ghosts, edge_index = _local(source[here], target[here], start, stop)
        atoms = order[np.concatenate([np.arange(start, stop), ghosts])]
        parts.append(Part(atoms[: stop - start], atoms, edges[here], edge_index))
        start = stop
    return parts


def _local(
    source: np.ndarray, target: np.ndarray, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ghosts of atoms start .. stop-1, and edges towards these, [2, E], by positions in both."""
    away = (source < start) | (source >= stop)
    ghosts, number = np.unique(source[away], return_inverse=True)
    local = source - start
    local[away] = number + (stop - start)
    return ghosts, np.stack([local, target - start])
