"""Clebsch-Gordan tables in the real basis of mlip (nequip.md, "Spherical harmonics").

Those of the complex basis, turned into the real one; axes are such that l = 1 reads
x, y, z and y is the polar one.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np

from ..racah import complex_coefficients


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
    coupling = complex_coefficients(out, left, right)
    bases = [_real_to_complex(degree) for degree in (out, left, right)]
    table = np.einsum("abc,ai,bj,kc->ijk", coupling, bases[0], bases[1], bases[2].conj().T)
    # Up to a phase that is 1 here, the tensor is real.
    real: np.ndarray = table.real
    real = real / np.linalg.norm(real)
    real.setflags(write=False)
    return real


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
