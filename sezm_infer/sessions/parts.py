"""Groups of atoms that a staged file computes one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

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
    """Parts of consecutive atoms, with about so many edges each; at least one atom."""
    source, target = inputs["edge_index"]
    n_atoms = len(inputs["atomic_numbers"])
    order: np.ndarray | None = None
    if np.any(target[1:] < target[:-1]):
        order = np.argsort(target, kind="stable")
        source, target = source[order], target[order]
    first_edge = np.searchsorted(target, np.arange(n_atoms + 1))
    parts = []
    start = 0
    while start < n_atoms:
        # The last atom whose edges still fit.
        stop = int(np.searchsorted(first_edge, first_edge[start] + edges_per_tile, "right")) - 1
        stop = min(max(stop, start + 1), n_atoms)
        edges = slice(first_edge[start], first_edge[stop])
        parts.append(_part(start, stop, source[edges], target[edges], edges, order))
        start = stop
    return parts


def _part(
    start: int,
    stop: int,
    source: np.ndarray,
    target: np.ndarray,
    edges: slice,
    order: np.ndarray | None,
) -> Part:
    """Atoms start .. stop-1 with the edges towards them."""
    away = (source < start) | (source >= stop)
    ghosts, number = np.unique(source[away], return_inverse=True)
    local = source - start
    local[away] = number + (stop - start)
    return Part(
        own=slice(start, stop),
        atoms=np.concatenate([np.arange(start, stop), ghosts]),
        edges=edges if order is None else order[edges],
        edge_index=np.stack([local, target - start]),
    )
