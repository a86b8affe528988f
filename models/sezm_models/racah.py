"""Clebsch-Gordan coefficients of complex spherical harmonics, by Racah's formula."""

from __future__ import annotations

from math import factorial, sqrt

import numpy as np


def complex_coefficients(j1: int, j2: int, j3: int) -> np.ndarray:
    """<j1 m1 j2 m2 | j3 m3> in the phases of Condon and Shortley.

    Args:
        j1: whole, not negative.
        j2: likewise.
        j3: from |j1 - j2| to j1 + j2.

    Returns:
        [2 j1 + 1, 2 j2 + 1, 2 j3 + 1] float64, m ascending; 0 unless m3 = m1 + m2.
    """
    table = np.zeros((2 * j1 + 1, 2 * j2 + 1, 2 * j3 + 1))
    for m1 in range(-j1, j1 + 1):
        for m2 in range(-j2, j2 + 1):
            if abs(m1 + m2) <= j3:
                table[j1 + m1, j2 + m2, j3 + m1 + m2] = _coefficient(j1, m1, j2, m2, j3)
    return table


def _coefficient(j1: int, m1: int, j2: int, m2: int, j3: int) -> float:
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
