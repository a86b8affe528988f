"""Minimum cuts of directed graphs (Dinic's algorithm)."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

UNLIMITED = 1 << 60
"""Capacity of edges that no cut may hold."""


class FlowGraph:
    """Edges so far. Nodes are whatever edges name."""

    def __init__(self) -> None:
        self._edges: dict[Hashable, list[int]] = {}  # numbers of those that leave a node
        self._ends: list[Hashable] = []
        self._left: list[int] = []  # capacity; edge i ^ 1 goes back

    def add(self, start: Hashable, end: Hashable, capacity: int) -> None:
        """An edge."""
        for node, other, amount in ((start, end, capacity), (end, start, 0)):
            self._edges.setdefault(node, []).append(len(self._ends))
            self._ends.append(other)
            self._left.append(amount)

    def source_side(self, source: Hashable, sink: Hashable) -> set[Hashable]:
        """Nodes on the side of the source, as few as possible, so that the edges that leave them
        have the least total capacity."""
        while True:
            level = self._levels(source)
            if sink not in level:
                return set(level)
            at = dict.fromkeys(level, 0)
            while self._pushed(source, sink, level, at):
                pass

    def _levels(self, source: Hashable) -> dict[Hashable, int]:
        """Distance of each node that can be reached."""
        level, queue = {source: 0}, deque([source])
        while queue:
            node = queue.popleft()
            for edge in self._edges.get(node, ()):
                end = self._ends[edge]
                if self._left[edge] > 0 and end not in level:
                    level[end] = level[node] + 1
                    queue.append(end)
        return level

    def _pushed(
        self, source: Hashable, sink: Hashable, level: dict[Hashable, int], at: dict[Hashable, int]
    ) -> int:
        """Flow added along one path of ascending levels. ``at``: edges of nodes that lead on."""
        path: list[int] = []
        node = source
        while node != sink:
            edges = self._edges.get(node, [])
            while at[node] < len(edges):
                edge = edges[at[node]]
                end = self._ends[edge]
                if self._left[edge] > 0 and level.get(end) == level[node] + 1:
                    break
                at[node] += 1
            else:
                if not path:
                    return 0
                node = self._ends[path.pop() ^ 1]
                at[node] += 1
                continue
            path.append(edge)
            node = end
        flow = min(self._left[edge] for edge in path)
        for edge in path:
            self._left[edge] -= flow
            self._left[edge ^ 1] += flow
        return flow
