"""Minimum cuts of directed graphs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

UNLIMITED = 1 << 30
"""Capacity of edges that no cut may hold; all others together must stay below."""

Edge = tuple[Hashable, Hashable, int]
"""Start, end, capacity."""


def source_side(edges: Sequence[Edge], source: Hashable, sink: Hashable) -> set[Hashable]:
    """Nodes on the side of the source, as few as possible, so that the edges that leave them have
    the least total capacity.

    Nodes are whatever edges name.
    """
    number = {source: 0, sink: 1}
    ends = [
        [number.setdefault(node, len(number)) for node in (start, end)] for start, end, _ in edges
    ]
    if not ends:
        return {source}
    capacities = np.array([capacity for *_, capacity in edges])
    assert capacities[capacities < UNLIMITED].sum() < UNLIMITED
    graph = csr_array(coo_array((capacities, np.array(ends).T), shape=(len(number), len(number))))
    graph.data = np.minimum(graph.data, UNLIMITED)  # edges between the same nodes are summed
    graph = graph.astype(np.int32)  # the only type that scipy takes
    left = csr_array(graph - maximum_flow(graph, 0, 1).flow)
    left.eliminate_zeros()
    reached = set(breadth_first_order(left, 0, return_predecessors=False).tolist())
    return {node for node, i in number.items() if i in reached}
