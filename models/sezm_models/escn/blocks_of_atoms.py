"""Edges in the order of the atoms at one of their ends, in parts of a size that suits the cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

ATOMS_PER_BLOCK = 128
"""Of so many atoms tables are made at once: 16 MB at default size."""

EDGES_PER_TILE = 512
"""So many edges are multiplied with weights at once, if no atom has more: each time the weights are
read again, 10 MB at default size; what is computed of these edges takes 15 MB."""


class Run(NamedTuple):
    """Atoms that follow one another and have equally many edges.

    Attributes:
        atoms: positions in the block.
        edges: positions in the tile.
    """

    atoms: slice
    edges: slice

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return self.atoms.stop - self.atoms.start


class Tile(NamedTuple):
    """All edges of some atoms of a block.

    Attributes:
        edges: positions in the order of the group.
        runs: which of them are whose.
    """

    edges: slice
    runs: list[Run]

    def parts(self, length: int) -> Iterator[tuple[int, slice]]:
        """Position in the block, and edges, of each atom; of those with more than ``length``
        edges several times."""
        for run in self.runs:
            count = (run.edges.stop - run.edges.start) // run.n_atoms
            for place, atom in enumerate(range(run.atoms.start, run.atoms.stop)):
                first = run.edges.start + place * count
                for begin in range(first, first + count, length):
                    yield atom, slice(begin, min(begin + length, first + count))

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return self.edges.stop - self.edges.start


class Block(NamedTuple):
    """Some atoms.

    Attributes:
        atoms: [A] int64.
        tiles: their edges.
    """

    atoms: Tensor
    tiles: list[Tile]


class ByAtom(NamedTuple):
    """All edges, atoms with equally many after one another.

    Attributes:
        order: [E] int64, the edge at each position.
        blocks: of all atoms that have edges.
    """

    order: Tensor
    blocks: list[Block]


def by_atom(index: Tensor, n_atoms: int) -> ByAtom:
    """Group edges by the atoms ``index`` [E], in 0 .. ``n_atoms`` - 1."""
    count = torch.bincount(index, minlength=n_atoms)
    atoms = torch.argsort(count, stable=True)
    order = torch.argsort(torch.argsort(atoms).index_select(0, index), stable=True)
    atoms = atoms[count.index_select(0, atoms) > 0]
    counts = count.index_select(0, atoms).tolist()
    blocks, begin = [], 0
    for first in range(0, len(counts), ATOMS_PER_BLOCK):
        of_block = counts[first : first + ATOMS_PER_BLOCK]
        blocks.append(Block(atoms[first : first + ATOMS_PER_BLOCK], list(_tiles(of_block, begin))))
        begin += sum(of_block)
    return ByAtom(order, blocks)


def _tiles(counts: list[int], begin: int) -> Iterator[Tile]:
    """Those of a block of atoms with ``counts`` edges, of which the first one is ``begin``."""
    runs: list[Run] = []
    length = 0
    for atom, count in enumerate(counts):
        if runs and length + count > EDGES_PER_TILE:
            yield Tile(slice(begin, begin + length), runs)
            runs, begin, length = [], begin + length, 0
        if runs and counts[atom - 1] == count:
            atoms, edges = runs.pop()
            start = atoms.start, edges.start
        else:
            start = atom, length
        length += count
        runs.append(Run(slice(start[0], atom + 1), slice(start[1], length)))
    yield Tile(slice(begin, begin + length), runs)
