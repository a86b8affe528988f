"""Index arithmetic of packed (l, m) rows: row l^2 + l + m, l = 0 .. lmax (sezm.md 0.2)."""

from __future__ import annotations


def n_rows(lmax: int) -> int:
    """Number of packed rows up to degree ``lmax``."""
    return (lmax + 1) ** 2


def rows_of_degree(degree: int) -> slice:
    """The packed rows of one degree."""
    return slice(degree * degree, (degree + 1) ** 2)


def degree_of_rows(lmax: int) -> list[int]:
    """Degree of each packed row."""
    return [degree for degree in range(lmax + 1) for _ in range(2 * degree + 1)]
