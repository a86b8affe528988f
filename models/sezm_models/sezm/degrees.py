"""Index arithmetic of packed (l, m) rows: row l^2 + l + m, l = 0 .. lmax (sezm.md 0.2).

Where orders are truncated, the rows with |m| > mmax are left out and the others keep their order.
"""

from __future__ import annotations


def n_rows(lmax: int) -> int:
    """Number of packed rows up to degree ``lmax``."""
    return (lmax + 1) ** 2


def orders_of(degree: int, mmax: int | None = None) -> range:
    """The orders m that are kept of a degree."""
    largest = degree if mmax is None else min(degree, mmax)
    return range(-largest, largest + 1)


def degree_of_rows(lmax: int) -> list[int]:
    """Degree of each packed row."""
    return [degree for degree, _ in packed_rows(lmax)]


def packed_rows(lmax: int, mmax: int | None = None) -> list[tuple[int, int]]:
    """(l, m) of each row."""
    return [(degree, m) for degree in range(lmax + 1) for m in orders_of(degree, mmax)]


def frame_rows(lmax: int, mmax: int) -> list[tuple[int, int]]:
    """(l, m) of each row in the frame of an edge: by |m|, then -m before +m, then by l."""
    zero = [(degree, 0) for degree in range(lmax + 1)]
    pairs = [
        (degree, sign * m)
        for m in range(1, mmax + 1)
        for sign in (-1, 1)
        for degree in range(m, lmax + 1)
    ]
    return zero + pairs
