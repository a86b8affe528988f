"""An equivalent box without empty space, in which neighbours can be searched safely.

The search wants a periodic box of a size that goes with the number of atoms. Structures have
molecules without any cell, slabs with a zero third vector, boxes of a millimetre with one atom,
and atoms far outside. Along each axis, space in which nothing can be a neighbour of anything is
taken out: every gap between successive atoms shrinks to just above the search radius, as does
the space around an axis that is not periodic. Pairs within the radius, and their images, stay.

(vesin 0.6.2 ends the process with a division by zero in boxes that are large and elongated.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .errors import SezmError

_MARGIN = 1e-3
"""Gaps keep the search radius plus this, Angstrom, to be clear of rounding."""

_SMALLEST_VOLUME = 1e-6
"""Of a cell relative to the product of its edge lengths; below, it counts as flat."""


class TightBox(NamedTuple):
    """The same atoms in a small periodic box.

    Attributes:
        positions: [N, 3] float64, inside the box.
        cell: [3, 3] float64, rows are vectors; periodic along all of them.
        heights: [3] distances between opposite faces, Angstrom.
        wraps: [N, 3] int64, how many cell vectors each atom was moved by: with S' the shift of a
            pair in this box, its shift in the structure is S' + wraps[target] - wraps[source].
    """

    positions: np.ndarray
    cell: np.ndarray
    heights: np.ndarray
    wraps: np.ndarray


def tight_box(positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray, radius: float) -> TightBox:
    """Take out of a structure the space that no pair within ``radius`` spans.

    Raises:
        SezmError: the cell is flat along a direction that is periodic, or not finite.
    """
    axes = _completed(cell, pbc)
    fractions = positions @ np.linalg.inv(axes)
    heights = 1 / np.linalg.norm(np.linalg.inv(axes), axis=0)
    wraps = np.where(pbc, np.floor(fractions), 0.0)
    fractions -= wraps
    lengths = np.empty(3)
    for axis in range(3):
        widest = (radius + _MARGIN) / heights[axis]
        fractions[:, axis], lengths[axis] = _squeezed(fractions[:, axis], bool(pbc[axis]), widest)
    return TightBox(
        fractions @ axes, axes * lengths[:, None], heights * lengths, wraps.astype(np.int64)
    )


def _completed(cell: np.ndarray, pbc: np.ndarray) -> np.ndarray:
    """The cell with unit vectors, normal to the periodic ones, along the other axes."""
    if not np.isfinite(cell).all():
        raise SezmError("the cell has entries that are not finite numbers; set it anew.")
    axes = np.array(cell, float)
    lengths = np.linalg.norm(axes, axis=1)
    _, _, normals = np.linalg.svd(np.where(pbc[:, None], axes, 0.0))
    axes[~pbc] = normals[pbc.sum() :]
    lengths[~pbc] = 1.0
    if abs(np.linalg.det(axes)) <= _SMALLEST_VOLUME * lengths.prod():
        directions = ", ".join(name for name, periodic in zip("abc", pbc, strict=True) if periodic)
        raise SezmError(
            f"pbc is set along {directions}, but the cell has no volume there; set a cell "
            "(atoms.cell), or pbc to False."
        )
    return axes


def _squeezed(fractions: np.ndarray, periodic: bool, widest: float) -> tuple[np.ndarray, float]:
    """Coordinates along one axis with no gap above ``widest``, and the new length of the axis.

    ``fractions`` of a periodic axis are in [0, 1], its length is 1.
    """
    order = np.argsort(fractions)
    ordered = fractions[order]
    gaps = np.diff(ordered, prepend=ordered[0])
    excess = np.cumsum(np.maximum(gaps - widest, 0.0))
    squeezed = np.empty_like(fractions)
    squeezed[order] = ordered - ordered[0] - excess
    span = squeezed[order[-1]]
    if not periodic:
        return squeezed, span + widest
    around = 1.0 - (ordered[-1] - ordered[0])
    return squeezed, span + min(around, widest)
