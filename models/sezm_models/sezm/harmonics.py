"""Real solid harmonics in the A basis, and their gradients as constant matrices.

``A_lm(x, y, z) = S_lm(x, -y, -z)`` with S the real harmonics without Condon-Shortley phase, polar
axis z, normalised to sum_m S_lm^2 = 1 (sezm.md 3.5). As solid harmonics ``r^l A_lm`` they are
polynomials, and a derivative of degree l is a combination of degree l - 1:

    d(r^l A_lm) / dx_a = sum_m' G_l[a, m', m] r^(l-1) A_(l-1)m'

Euler's theorem turns the same constants into the recursion
``l r^l A_lm = sum_a,m' x_a r^(l-1) A_(l-1)m' G_l[a, m', m]``.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.polynomial import Legendre, Polynomial


@cache
def gradient_constants(degree: int) -> np.ndarray:
    """G_l of the module's text, flattened over (a, m'): [3 (2l-1), 2l+1] float64."""
    lower = np.stack([_coefficients(degree - 1, m) for m in range(1 - degree, degree)])
    upper = [_coefficients(degree, m) for m in range(-degree, degree + 1)]
    basis = lower.reshape(len(lower), -1).T
    result = np.empty((3, len(lower), len(upper)))
    for column, polynomial in enumerate(upper):
        for axis in range(3):
            derivative = _derivative(polynomial, axis, degree).reshape(-1)
            result[axis, :, column] = np.linalg.lstsq(basis, derivative, rcond=None)[0]
    # The constants are square roots of rationals; anything at round-off level is an exact zero.
    result[np.abs(result) < 1e-12] = 0.0
    return result.reshape(3 * len(lower), len(upper))


def _coefficients(degree: int, order: int) -> np.ndarray:
    """Coefficients [i, j, k] of x^i y^j z^k in r^l A_lm; axes of length degree + 1."""
    m = abs(order)
    legendre = Legendre.basis(degree).convert(kind=Polynomial)
    polar = (legendre.deriv(m) if m else legendre).coef
    norm = math.sqrt(2.0 * math.factorial(degree - m) / math.factorial(degree + m)) if m else 1.0
    result = np.zeros((degree + 1,) * 3)
    for power, coefficient in enumerate(polar):
        rest = degree - m - power
        if rest >= 0 and rest % 2 == 0 and coefficient != 0.0:
            _add_term(result, norm * coefficient, power, rest // 2, order)
    return result


def _add_term(result: np.ndarray, scale: float, z_power: int, r2_power: int, order: int) -> None:
    """Add scale z^a (x^2+y^2+z^2)^b {Re, Im}(x+iy)^m, at (x, -y, -z)."""
    m = abs(order)
    for i in range(r2_power + 1):
        for j in range(r2_power + 1 - i):
            k = r2_power - i - j
            multinomial = math.factorial(r2_power) / math.prod(map(math.factorial, (i, j, k)))
            for q in range(m + 1):
                # (x + iy)^m: i^q is real for even q (cosine, m >= 0), imaginary for odd q (sine).
                if (q % 2 == 1) != (order < 0):
                    continue
                sign = (-1) ** (q // 2)
                x, y, z = 2 * i + m - q, 2 * j + q, 2 * k + z_power
                flip = (-1) ** (y + z)
                result[x, y, z] += scale * multinomial * math.comb(m, q) * sign * flip


def _derivative(polynomial: np.ndarray, axis: int, degree: int) -> np.ndarray:
    """Coefficients of the derivative along ``axis``, cut to axes of length ``degree``."""
    powers = np.arange(1, degree + 1).reshape([-1 if a == axis else 1 for a in range(3)])
    shifted = np.take(polynomial, np.arange(1, degree + 1), axis=axis) * powers
    return shifted[:degree, :degree, :degree]
