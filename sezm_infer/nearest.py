"""The nearest neighbours of each atom, for models that see no more than so many."""

from __future__ import annotations

import numpy as np


def nearest_edges(target: np.ndarray, distances: np.ndarray, limit: int) -> np.ndarray:
    """Which edges lead to the ``limit`` nearest neighbours of each target.

    Of equal distances the edge that comes first is nearer.

    Args:
        target: [E] int64, sorted.
        distances: [E] float64, Angstrom.
        limit: most neighbours of a target.

    Returns:
        [K] int64, positions of the edges to keep, in the order in which they come.
    """
    order = np.lexsort((distances, target))  # by target, then distance; stable
    first = np.searchsorted(target, target)  # sorted alike, so that of the ordered edges too
    rank = np.arange(len(target)) - first
    return np.sort(order[rank < limit])
