"""All pairs of atoms within a radius, periodic images included, in an order of their own.

vesin searches; here its box is prepared, and its pairs are sorted so that the same structure gives
the same list on any machine and with any radius (pairs beyond simply drop out).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from .errors import SezmError
from .tight_box import TightBox, tight_box


class _Absent(ModuleType):
    """Stands for a module that is not there: whoever uses it gets an ImportError."""

    def __getattr__(self, name: str) -> Any:
        raise ImportError(f"{self.__name__} is hidden while vesin is imported")


def _import_vesin() -> ModuleType:
    """vesin without torch: it imports torch if it finds it, which costs seconds and 200 MB.

    The import is undone for others: whoever imports vesin afterwards gets it with torch support.
    """
    if "vesin" in sys.modules or "torch" in sys.modules:
        import vesin

        return vesin
    sys.modules["torch"] = _Absent("torch")
    try:
        import vesin
    finally:
        del sys.modules["torch"]
        for name in [name for name in sys.modules if name.partition(".")[0] == "vesin"]:
            del sys.modules[name]
    return vesin


_vesin = _import_vesin()

_VESIN_CELLS = 1e5
"""vesin coarsens its grid above this number of cells."""

_BITS = 63
"""Of a positive int64."""


class Pairs(NamedTuple):
    """Directed pairs, sorted by target, then source, then shift.

    Attributes:
        target: [P] int64, the centre i.
        source: [P] int64, the neighbour j.
        shift: [P, 3] int64, cell vectors to add: r_ij = pos[j] - pos[i] + shift @ cell.
    """

    target: np.ndarray
    source: np.ndarray
    shift: np.ndarray


def search_pairs(positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray, radius: float) -> Pairs:
    """Every pair closer than ``radius``, and possibly some that are not.

    Args:
        positions: [N, 3] float64, Angstrom, anywhere in or outside the cell.
        cell: [3, 3] float64, rows are vectors; those of axes that are not periodic do not matter.
        pbc: [3] bool.
        radius: Angstrom.

    Raises:
        SezmError: the cell is flat along a direction that is periodic, or not finite.
    """
    box = tight_box(positions, cell, pbc, radius)
    search = _vesin.NeighborList(cutoff=_safe_radius(box, radius), full_list=False)
    indices, shift = search.compute(
        box.positions, box.cell, periodic=True, quantities="PS", copy=False
    )
    # Across the space that stands for an axis without periodicity lies nobody; vesin, asked for a
    # larger radius, looks that far.
    real = np.flatnonzero((shift[:, ~pbc] == 0).all(axis=1))
    indices, shift = indices[real], shift[real]
    target, source = indices.astype(np.int64).T
    shifts = [
        along.astype(np.int64) + wraps.take(target) - wraps.take(source)
        for along, wraps in zip(shift.T, box.wraps.T, strict=True)
    ]
    return _both_ways_sorted(target, source, shifts, len(positions))


def _safe_radius(box: TightBox, radius: float) -> float:
    """The radius, or a larger one where vesin's grid would get an axis of zero cells.

    vesin 0.6.2 scales a grid of more than 1e5 cells down in proportion, and divides by zero if the
    shortest axis ends below one cell: sparse structures hundreds of nanometres wide and thin.
    """
    while True:
        cells = np.maximum(np.floor(box.heights / radius), 1.0)
        scale = np.cbrt(_VESIN_CELLS / cells.prod())
        if scale >= 1.0 or cells.min() * scale >= 2.0:
            return radius
        radius *= 1.5


def _both_ways_sorted(
    target: np.ndarray, source: np.ndarray, shifts: list[np.ndarray], n_atoms: int
) -> Pairs:
    """Add the reverse of each pair, and sort.

    A pair is packed into the bits of one integer whose order is the wanted one; integers sort
    several times faster than rows, and are unpacked at the end.
    """
    bounds = [int(np.abs(along).max(initial=0)) for along in shifts]
    bits = [size.bit_length() for size in (n_atoms, n_atoms, *(2 * bound for bound in bounds))]
    if sum(bits) > _BITS:
        raise SezmError(
            "atoms lie so far outside the cell that neighbours cannot be numbered; wrap them into "
            "it (atoms.wrap())."
        )
    forward = [along + bound for along, bound in zip(shifts, bounds, strict=True)]
    reverse = [bound - along for along, bound in zip(shifts, bounds, strict=True)]
    packed = np.concatenate(
        [_packed([target, source, *forward], bits), _packed([source, target, *reverse], bits)]
    )
    packed.sort()
    target, source, *offsets = _unpacked(packed, bits)
    shift = np.stack([along - bound for along, bound in zip(offsets, bounds, strict=True)])
    return Pairs(target, source, shift.T)


def _packed(parts: list[np.ndarray], bits: list[int]) -> np.ndarray:
    """Integers made of the bits of several, the first part the most significant."""
    number = parts[0].copy()
    for part, width in zip(parts[1:], bits[1:], strict=True):
        number <<= width
        number |= part
    return number


def _unpacked(number: np.ndarray, bits: list[int]) -> list[np.ndarray]:
    parts = []
    for width in bits[:0:-1]:
        parts.append(number & ((1 << width) - 1))
        number = number >> width
    return [number, *parts[::-1]]
