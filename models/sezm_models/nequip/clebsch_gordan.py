"""Clebsch-Gordan tables in the real basis of mlip (nequip.md, "Spherical harmonics").

Racah's formula for the complex basis, turned into the real one; axes are such that l = 1 reads
x, y, z and y is the polar one.
"""

from __future__ import annotations

from functools import cache
from math import factorial, sqrt

import numpy as np


@cache
def clebsch_gordan(out: int, left: int, right: int) -> np.ndarray:
    """The invariant tensor of three degrees, of unit Frobenius norm, float64.

    Returns:
        [2 out + 1, 2 left + 1, 2 right + 1].

    Raises:
        ValueError: the degrees cannot be coupled.
    """
    if not abs(left - right) <= out <= left + right:
        raise ValueError(f"degrees {left} and {right} do not couple to {out}")
    coupling = _complex_table(out, left, right)
    bases = [_real_to_complex(degree) for degree in (out, left, right)]
    table = np.einsum("abc,ai,bj,kc->ijk", coupling, bases[0], bases[1], bases[2].conj().T)
    # Up to a phase that is 1 here, the tensor is real.
    real: np.ndarray = table.real
    real = real / np.linalg.norm(real)
    real.setflags(write=False)
    return real


def _complex_table(j1: int, j2: int, j3: int) -> np.ndarray:
    """<j1 m1 j2 m2 | j3 m3>, [2 j1 + 1, 2 j2 + 1, 2 j3 + 1]."""
    table = np.zeros((2 * j1 + 1, 2 * j2 + 1, 2 * j3 + 1))
    for m1 in range(-j1, j1 + 1):
        for m2 in range(-j2, j2 + 1):
            if abs(m1 + m2) <= j3:
                table[j1 + m1, j2 + m2, j3 + m1 + m2] = _racah(j1, m1, j2, m2, j3)
    return table


def _racah(j1: int, m1: int, j2: int, m2: int, j3: int) -> float:
    """<j1 m1 j2 m2 | j3 m1+m2>."""
    m3 = m1 + m2
    f = factorial
    triangle = f(j1 + j2 - j3) * f(j1 - j2 + j3) * f(-j1 + j2 + j3) / f(j1 + j2 + j3 + 1)
    magnetic = f(j1 + m1) * f(j1 - m1) * f(j2 + m2) * f(j2 - m2) * f(j3 + m3) * f(j3 - m3)
    total = 0.0
    for k in range(max(0, j2 - j3 - m1, j1 - j3 + m2), min(j1 + j2 - j3, j1 - m1, j2 + m2) + 1):
        lower = (
            f(k) * f(j1 + j2 - j3 - k) * f(j1 - m1 - k) * f(j2 + m2 - k),
            f(j3 - j2 + m1 + k) * f(j3 - j1 - m2 + k),
        )
        total += (-1) ** k / (lower[0] * lower[1])
    return sqrt((2 * j3 + 1) * triangle * magnetic) * total


def _real_to_complex(degree: int) -> np.ndarray:
    """Columns are real harmonics, rows complex ones of the same degree: unitary.

    The phase (-i)^l makes the coupling of real harmonics real.
    """
    basis = np.zeros((2 * degree + 1, 2 * degree + 1), complex)
    basis[degree, degree] = 1.0
    for m in range(1, degree + 1):
        basis[degree - m, degree + m] = 1 / sqrt(2)
        basis[degree - m, degree - m] = -1j / sqrt(2)
        basis[degree + m, degree + m] = (-1) ** m / sqrt(2)
        basis[degree + m, degree - m] = 1j * (-1) ** m / sqrt(2)
    return (-1j) ** degree * basis
