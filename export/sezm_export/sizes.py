"""Sizes of a traced graph: which of its integers stand for N, E, B, or a number of rows or edges.

A graph is traced with sample sizes that are large and have no common factors, so an integer close
to a multiple of one of them can only be that size, times a constant, plus a small one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sezm_models.graph_sizes import SAME_AS_INPUT, GraphSizes
from sezm_models.neighbor_rows import ROW_WIDTH

LARGEST_OFFSET = 2
"""Models add or drop an entry at the end of an axis; more has not been met."""


@dataclass(frozen=True)
class Size:
    """``factor`` times the size named by ``letter``, plus ``offset``."""

    letter: str
    factor: int = 1
    offset: int = 0

    def __str__(self) -> str:
        """As the name of an axis: "N", "8*R-1"."""
        product = self.letter if self.factor == 1 else f"{self.factor}*{self.letter}"
        return product + (f"{self.offset:+d}" if self.offset else "")


SOURCES = {
    "N": ("atom_mask", 0),
    "E": ("edge_vec", 0),
    "B": ("natoms", 0),
    "A": ("atomic_numbers", 0),
}
"""Of the contract."""

Dim = int | Size
"""Length of an axis: known at export, or following from the sizes of the input."""


@dataclass(frozen=True)
class SampleSizes:
    """Values of N, E and B during one trace.

    Attributes:
        atoms, edges, systems: the sizes.
        all_atoms: A, own atoms and ghosts, of programs that have ghosts; else None.
        symbolic: whether numbers close to their multiples stand for sizes (dynamic files) or for
            themselves (static files).
        graph: nodes and edges that the model works on, if they are not those of the input.
    """

    atoms: int
    edges: int
    systems: int
    symbolic: bool = True
    graph: GraphSizes = SAME_AS_INPUT
    all_atoms: int | None = None

    @property
    def sources(self) -> Mapping[str, tuple[str, int]]:
        """An input and an axis of it that have a size; other sizes follow from these."""
        return SOURCES

    @property
    def by_letter(self) -> dict[str, int]:
        """N, E and B of the contract, and R, the rows that neighbours are laid out in.

        If the model works on another graph (of which the nodes are a multiple of N): M, its edges,
        and O, the rows that those are laid out in. If there are ghosts: A, all atoms, G, the
        ghosts, and Q, the rows of edges by source.
        """
        letters = {"N": self.atoms, "E": self.edges, "B": self.systems}
        letters["R"] = _rows(self.atoms, self.edges)
        if self.graph != SAME_AS_INPUT:
            letters["M"] = self.graph.edges(self.atoms, self.edges)
            letters["O"] = _rows(self.graph.nodes(self.atoms), letters["M"])
        if self.all_atoms is not None:
            letters["A"] = self.all_atoms
            letters["G"] = self.all_atoms - self.atoms
            letters["Q"] = _rows(self.all_atoms, self.edges)
        return letters

    def dim(self, number: int) -> Dim:
        """What an integer of the graph stands for."""
        if not self.symbolic:
            return number
        for letter, size in self.by_letter.items():
            factor = (number + LARGEST_OFFSET) // size
            offset = number - factor * size
            if factor > 0 and abs(offset) <= LARGEST_OFFSET:
                return Size(letter, factor, offset)
        return number


def _rows(nodes: int, edges: int) -> int:
    """See ``sezm_models.neighbor_rows``."""
    return nodes + edges // ROW_WIDTH


FIRST_SAMPLE = SampleSizes(atoms=1_000_003, edges=2_900_017, systems=700_001)
SECOND_SAMPLE = SampleSizes(atoms=1_100_009, edges=3_450_011, systems=800_011)
ALL_ATOMS_SAMPLES = (1_300_021, 1_450_003)
"""Two sets of sizes, larger than any axis of a model: tracing computes no values, so they cost
nothing. Both must give the same graph.
With ghosts, the numbers of all atoms go with them."""
