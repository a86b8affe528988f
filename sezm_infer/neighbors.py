"""Edges of the graph that a model sees: which atoms are within its cutoff, and how they lie.

Convention, for an edge e from source (neighbour) j to target (centre) i::

    vectors[e] = pos[j] - pos[i] + shift_e @ cell

Both directions of a pair are edges, and so are images of an atom within its own cutoff. Edges are
sorted by target, then source, then shift. For models that see only the nearest neighbours of each
atom, the edges from others are left out; then the reverse of an edge may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import ase
import numpy as np

from .errors import SezmError
from .nearest import nearest_edges
from .pair_search import search_pairs

COINCIDENT = 1e-5
"""Atoms closer than this, Angstrom, count as one place twice: no model defines that energy."""

_ROUNDING = 1e-6
"""Added to the search radius, Angstrom: the cutoff is decided here, by one formula for all."""


@dataclass(frozen=True)
class Edges:
    """The edges of one structure.

    Attributes:
        index: [2, E] int64, row 0 source, row 1 target.
        vectors: [E, 3] float64, Angstrom.
        distances: [E] float64, Angstrom; each below the cutoff.
    """

    index: np.ndarray
    vectors: np.ndarray
    distances: np.ndarray


class NeighborList:
    """Neighbour list of a structure that moves.

    Pairs are searched within cutoff + skin, and searched again only when an atom has moved by more
    than half the skin, or the cell, the periodicity or the number of atoms has changed. The edges
    are the same to the last bit for any skin.

    Args:
        cutoff: Angstrom.
        skin: Angstrom; 0 searches at every change of the positions.
        max_neighbors: how many of the neighbours within the cutoff each atom keeps, the nearest;
            None for all.

    Raises:
        SezmError: a negative or infinite skin.
    """

    def __init__(self, cutoff: float, skin: float = 0.0, max_neighbors: int | None = None) -> None:
        if not 0.0 <= skin < np.inf:
            raise SezmError(f"skin is {skin}; use a length in Angstrom of 0 or more.")
        self.cutoff = float(cutoff)
        self.skin = float(skin)
        self.max_neighbors = max_neighbors
        self.searches = 0
        self._candidates: _Candidates | None = None

    def update(self, atoms: ase.Atoms) -> Edges:
        """The edges of ``atoms`` as they are now.

        Raises:
            SezmError: no atoms, positions that are not finite, coinciding atoms, a flat cell.
        """
        _check_positions(atoms.positions)
        if self._candidates is None or not self._candidates.cover(atoms, self.skin):
            radius = self.cutoff + self.skin + _ROUNDING
            self._candidates = _Candidates(atoms, radius)
            self.searches += 1
        edges = self._candidates.edges(atoms.positions, self.cutoff)
        return edges if self.max_neighbors is None else _nearest(edges, self.max_neighbors)


class _Candidates:
    """Pairs within a radius of a reference structure, laid out for fast reuse.

    Components are kept apart (x, y, z): gathers from and arithmetic on contiguous rows of floats
    are three times faster in numpy than on triples.
    """

    def __init__(self, atoms: ase.Atoms, radius: float) -> None:
        self._positions = atoms.positions.copy()
        self._cell = atoms.cell.array.copy()
        self._pbc = atoms.pbc.copy()
        pairs = search_pairs(self._positions, self._cell, self._pbc, radius)
        self._target = pairs.target
        self._source = pairs.source
        self._per_target = np.bincount(pairs.target, minlength=len(atoms))
        self._offsets = _shift_vectors(pairs.shift, self._cell)
        self._vectors = np.empty((3, len(pairs.target)))
        self._squares = np.empty(len(pairs.target))
        self._scratch = np.empty(len(pairs.target))

    def cover(self, atoms: ase.Atoms, skin: float) -> bool:
        """Whether every pair of ``atoms`` within the cutoff is sure to be among the candidates."""
        if len(atoms) != len(self._positions):
            return False
        if not (np.array_equal(atoms.pbc, self._pbc) and np.array_equal(atoms.cell, self._cell)):
            return False
        moved = atoms.positions - self._positions
        return bool(np.einsum("ij,ij->i", moved, moved).max() <= (skin / 2) ** 2)

    def edges(self, positions: np.ndarray, cutoff: float) -> Edges:
        """Those pairs that are closer than the cutoff."""
        components = np.ascontiguousarray(positions.T)
        for vector, component, offset in zip(self._vectors, components, self._offsets, strict=True):
            component.take(self._source, out=vector, mode="clip")  # "raise" would buffer
            vector -= np.repeat(component, self._per_target)
            vector += offset
        kept = np.flatnonzero(self._squared_lengths() < cutoff**2)
        index = np.empty((2, len(kept)), np.int64)
        self._source.take(kept, out=index[0], mode="clip")
        self._target.take(kept, out=index[1], mode="clip")
        vectors = np.empty((len(kept), 3))
        for axis in range(3):
            vectors[:, axis] = self._vectors[axis].take(kept)
        edges = Edges(index, vectors, np.sqrt(self._squares.take(kept)))
        _check_distances(edges)
        return edges

    def _squared_lengths(self) -> np.ndarray:
        """x^2 + y^2 + z^2 of all candidates, in memory that is used again."""
        x, y, z = self._vectors
        np.multiply(x, x, out=self._squares)
        for component in (y, z):
            np.multiply(component, component, out=self._scratch)
            self._squares += self._scratch
        return self._squares


def _nearest(edges: Edges, limit: int) -> Edges:
    """The edges from the nearest neighbours of each target, by their distances as they are now."""
    kept = nearest_edges(edges.index[1], edges.distances, limit)
    if len(kept) == len(edges.distances):
        return edges
    index = np.ascontiguousarray(edges.index[:, kept])
    return Edges(index, edges.vectors[kept], edges.distances[kept])


def _shift_vectors(shift: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """``(shift @ cell).T``, [3, P], each entry by the same operations wherever it stands.

    A matrix product may round differently by position in the array, and the edges with a skin
    would not be those without.
    """
    offsets = np.zeros((3, len(shift)))
    for along, vector in zip(shift.T.astype(float), cell, strict=True):
        for component in np.flatnonzero(vector):
            offsets[component] += along * vector[component]
    return offsets


def _check_positions(positions: np.ndarray) -> None:
    if len(positions) == 0:
        raise SezmError("the structure has no atoms.")
    if not np.isfinite(positions).all():
        atom = int(np.flatnonzero(~np.isfinite(positions).all(axis=1))[0])
        raise SezmError(
            f"atom {atom} is at {positions[atom].tolist()}: positions must be finite; correct the "
            "structure, or use a shorter time step if this came out of dynamics."
        )


def _check_distances(edges: Edges) -> None:
    if len(edges.distances) == 0:
        return
    closest = int(edges.distances.argmin())
    if edges.distances[closest] <= COINCIDENT:
        source, target = sorted(edges.index[:, closest].tolist())
        raise SezmError(
            f"atoms {source} and {target} are at the same place (distance "
            f"{edges.distances[closest]:.1e} Angstrom); remove or move one."
        )
