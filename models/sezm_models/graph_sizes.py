"""How many nodes and edges a model works on, given those of its input."""

from __future__ import annotations

from typing import NamedTuple


class GraphSizes(NamedTuple):
    """Nodes and edges as linear forms in the N atoms and E edges of the input.

    Exporters need them to tell the lengths in a traced graph from its constants.
    """

    nodes_per_atom: int = 1
    edges_per_atom: int = 0
    edges_per_edge: int = 1

    def nodes(self, atoms: int) -> int:
        """Number of nodes."""
        return self.nodes_per_atom * atoms

    def edges(self, atoms: int, edges: int) -> int:
        """Number of edges."""
        return self.edges_per_atom * atoms + self.edges_per_edge * edges


SAME_AS_INPUT = GraphSizes()
