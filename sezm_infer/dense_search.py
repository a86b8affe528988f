"""Pairs of atoms in a box that is too small for cells: distances of all from all, as matrices.

vesin divides a box into cells no smaller than the radius. Between one and two radii wide it has a
single cell, and its search looks at each pair of atoms in 27 images, one at a time.
"""

from __future__ import annotations

import itertools

import numpy as np

from .tight_box import TightBox

FEWEST_ATOMS, MOST_ATOMS = 100, 400
"""With fewer there is nothing to gain; matrices of more do not fit the cache."""

_SLACK = 1e-9
"""Of squared distances, relative to the radius: more than their rounding errors."""


def is_undivided(box: TightBox, radius: float) -> bool:
    """Whether the search by matrices is the faster one."""
    is_single_cell = bool(((radius <= box.heights) & (box.heights < 2 * radius)).all())
    return is_single_cell and FEWEST_ATOMS <= len(box.positions) <= MOST_ATOMS


def dense_pairs(
    box: TightBox, pbc: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair closer than ``radius``, in one direction, and possibly some that are not.

    Args:
        box: of the atoms.
        pbc: [3] bool, axes along which images are looked at.
        radius: Angstrom.

    Returns:
        target [P] and source [P] int64, shift [P, 3] int64 (r_ij = pos[j] - pos[i] + shift @ cell).
    """
    positions, n_atoms = box.positions, len(box.positions)
    squares = np.einsum("ij,ij->i", positions, positions)
    products = -2.0 * (positions @ positions.T)
    limit = radius**2 + _SLACK * max(radius**2, float(squares.max()))
    distances = np.empty_like(products)
    found, shifts = [], []
    for shift in _half_of_shifts(box, pbc, radius):
        translation = np.array(shift) @ box.cell
        moved = positions + translation
        np.add(products, (squares - 2.0 * (positions @ translation))[:, None], out=distances)
        distances += np.einsum("ij,ij->i", moved, moved)
        if not any(shift):
            distances[np.tri(n_atoms, dtype=bool)] = np.inf
        near = np.flatnonzero(distances < limit)
        found.append(near)
        shifts.append(np.broadcast_to(shift, (len(near), 3)))
    target, source = np.divmod(np.concatenate(found), n_atoms)
    return target, source, np.concatenate(shifts)


def _half_of_shifts(box: TightBox, pbc: np.ndarray, radius: float) -> list[tuple[int, ...]]:
    """Of each shift and its opposite one, and none at all; those that may bring atoms near."""
    fractions = box.positions @ np.linalg.inv(box.cell)
    reach = np.ptp(fractions, axis=0) + radius / box.heights
    counts = np.where(pbc, np.floor(reach), 0).astype(int)
    ranges = [range(-count, count + 1) for count in counts]
    return [shift for shift in itertools.product(*ranges) if shift >= (0, 0, 0)]
