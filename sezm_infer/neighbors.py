"""Edges of the graph that a model sees: which atoms are within its cutoff, and how they lie.

Convention, for an edge e from source (neighbour) j to target (centre) i::

    vectors[e] = pos[j] - pos[i] + shift_e @ cell

Both directions of a pair are edges, and so are images of an atom within its own cutoff. Edges are
sorted by target, then source, then shift. For models that see only the nearest neighbours of each
atom, the edges from others are left out; then the reverse of an edge may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import ase
import numpy as np

from .errors import SezmError
from .nearest import nearest_edges
from .pair_search import search_pairs

COINCIDENT = 1e-5
"""Atoms closer than this, Angstrom, count as one place twice: no model defines that energy."""

_ROUNDING = 1e-6
"""Added to the search radius, Angstrom: the cutoff is decided here, by one formula for all."""

_NEAR_SKIN = 0.3
"""Angstrom beyond the cutoff, of the pairs that most steps look at. In water at 300 K (192 atoms,
cutoff 6, skin 1, steps of 0.5 fs) they are two thirds of those found, and serve 6 steps."""


@dataclass(frozen=True)
class Edges:
    """The edges of one structure.

    Attributes:
        index: [2, E] int64, row 0 source, row 1 target.
        vectors: [E, 3] float64 or float32, Angstrom.
        distances: [E] of the same type, Angstrom; each below the cutoff before it was rounded.
    """

    index: np.ndarray
    vectors: np.ndarray
    distances: np.ndarray


class NeighborList:
    """Neighbour list of a structure that moves.

    Pairs are searched within cutoff + skin, and searched again only when an atom has moved by more
    than half the skin, or the cell, the periodicity or the number of atoms has changed. In between,
    those a little beyond the cutoff are sorted out from time to time. The edges are the same to the
    last bit for any skin.

    Args:
        cutoff: Angstrom.
        skin: Angstrom; 0 searches at every change of the positions.
        max_neighbors: how many of the neighbours within the cutoff each atom keeps, the nearest;
            None for all.
        dtype: of vectors and distances, which are computed in double precision.

    Raises:
        SezmError: a negative or infinite skin.
    """

    def __init__(
        self,
        cutoff: float,
        skin: float = 0.0,
        max_neighbors: int | None = None,
        dtype: str = "float64",
    ) -> None:
        if not 0.0 <= skin < np.inf:
            raise SezmError(f"skin is {skin}; use a length in Angstrom of 0 or more.")
        self.cutoff = float(cutoff)
        self.skin = float(skin)
        self.max_neighbors = max_neighbors
        self.dtype = np.dtype(dtype)
        self.searches = 0
        self._frame: tuple[int, bytes, bytes] | None = None
        self._found: _Candidates | None = None
        self._near: _Candidates | None = None

    def update(self, atoms: ase.Atoms) -> Edges:
        """The edges of ``atoms`` as they are now.

        Raises:
            SezmError: no atoms, positions that are not finite, coinciding atoms, a flat cell.
        """
        positions = atoms.positions.T.copy()
        candidates = self._candidates(atoms, positions)
        return candidates.edges(positions, self.cutoff, self.max_neighbors, self.dtype)

    def _candidates(self, atoms: ase.Atoms, positions: np.ndarray) -> _Candidates:
        """Pairs among which every edge is, as few of them as are at hand."""
        frame = (len(atoms), atoms.pbc.tobytes(), atoms.cell.array.tobytes())
        if frame == self._frame and self._found is not None:
            if self._near is not None and self._near.skin_left(positions) >= 0.0:
                return self._near
            skin = self._found.skin_left(positions)
            if skin >= 0.0:
                self._near = self._found.within(positions, self.cutoff, min(skin, _NEAR_SKIN))
                return self._near
        _check_positions(atoms.positions)
        radius = self.cutoff + self.skin + _ROUNDING
        pairs = search_pairs(atoms.positions, atoms.cell.array, atoms.pbc, radius)
        index = np.stack([pairs.source, pairs.target])
        offsets = _shift_vectors(pairs.shift, atoms.cell.array)
        memory = np.empty((5, index.shape[1]))
        self._found = _Candidates(positions, self.skin, index, offsets, memory)
        self._frame, self._near = frame, None
        self.searches += 1
        return self._found


class _Candidates:
    """Pairs within cutoff + skin of a reference structure, laid out for fast reuse.

    Components are kept apart (x, y, z): gathers from and arithmetic on contiguous rows of floats
    are three times faster in numpy than on triples.

    Args:
        positions: [3, N] of the reference structure, kept.
        skin: Angstrom.
        index: [2, P] int64, sorted as edges are.
        offsets: [3, P], Angstrom, by which images are shifted.
        memory: [5, P], used again at every call.
    """

    def __init__(
        self,
        positions: np.ndarray,
        skin: float,
        index: np.ndarray,
        offsets: np.ndarray,
        memory: np.ndarray,
    ) -> None:
        self._positions = positions
        self._skin = skin
        self._index = index
        self._offsets = offsets
        self._per_target = np.bincount(index[1], minlength=positions.shape[1])
        self._memory = memory
        self._vectors, self._squares, self._scratch = memory[:3], memory[3], memory[4]

    def skin_left(self, positions: np.ndarray) -> float:
        """What of the skin no atom can have crossed; negative or NaN: edges may be missing."""
        moved = positions - self._positions
        moved *= moved
        x, y, z = moved
        return self._skin - 2.0 * sqrt((x + y + z).max())

    def within(self, positions: np.ndarray, cutoff: float, skin: float) -> _Candidates:
        """Those pairs that are closer than cutoff + skin."""
        kept = self._closer_than(positions, cutoff + skin + _ROUNDING)
        index = self._index.take(kept, axis=1, mode="clip")
        offsets = self._offsets.take(kept, axis=1, mode="clip")
        return _Candidates(positions, skin, index, offsets, self._memory[:, : len(kept)])

    def edges(
        self, positions: np.ndarray, cutoff: float, limit: int | None, dtype: np.dtype[Any]
    ) -> Edges:
        """Those pairs that are closer than the cutoff, of each target no more than the limit."""
        kept = self._closer_than(positions, cutoff)
        distances = self._squares.take(kept, mode="clip")
        np.sqrt(distances, out=distances)
        if limit is not None:
            nearest = nearest_edges(self._index[1].take(kept), distances, limit)
            kept, distances = kept.take(nearest), distances.take(nearest)
        index = self._index.take(kept, axis=1, mode="clip")
        _check_distances(distances, index)
        vectors = np.empty((len(kept), 3), dtype)
        for axis in range(3):
            vectors[:, axis] = self._vectors[axis].take(kept, mode="clip")
        return Edges(index, vectors, distances.astype(dtype, copy=False))

    def _closer_than(self, positions: np.ndarray, radius: float) -> np.ndarray:
        """Which pairs are; leaves the vectors of all, and their squared lengths."""
        for axis, component in enumerate(positions):
            vector = self._vectors[axis]
            component.take(self._index[0], out=vector, mode="clip")
            vector -= component.repeat(self._per_target)
            vector += self._offsets[axis]
            if axis == 0:
                np.multiply(vector, vector, out=self._squares)
            else:
                self._squares += np.multiply(vector, vector, out=self._scratch)
        return (self._squares < radius**2).nonzero()[0]


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


def _check_distances(distances: np.ndarray, index: np.ndarray) -> None:
    if distances.min(initial=np.inf) <= COINCIDENT:
        closest = int(distances.argmin())
        source, target = sorted(index[:, closest].tolist())
        raise SezmError(
            f"atoms {source} and {target} are at the same place (distance "
            f"{distances[closest]:.1e} Angstrom); remove or move one."
        )
