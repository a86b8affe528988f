"""Real solid harmonics with polar axis y, and how products with a vector contain the next degree.

Degree 1 is x, y, z. "Integral" normalisation: on the unit sphere sum_m Y_lm^2 = (2l+1) / (4 pi).
Row of (l, m) is l^2 + l + m (escn.md, Layout).
"""

from __future__ import annotations

import math

import numpy as np


def solid_harmonics(lmax: int, points: np.ndarray) -> np.ndarray:
    """r^l Y_lm of degrees 0 .. lmax.

    Args:
        lmax: largest degree.
        points: [G, 3], of any length.

    Returns:
        [G, (lmax+1)^2] float64.
    """
    x, y, z = points.T
    squared = (points**2).sum(1)
    result = np.empty((len(points), (lmax + 1) ** 2))
    azimuthal = np.ones(len(points), complex)  # (z + i x)^m
    first = np.ones(len(points))  # Legendre part of degree m
    for m in range(lmax + 1):
        before, legendre = np.zeros(len(points)), first
        for degree in range(m, lmax + 1):
            norm = _norm(degree, m)
            result[:, degree * degree + degree + m] = norm * legendre * azimuthal.real
            if m > 0:
                result[:, degree * degree + degree - m] = norm * legendre * azimuthal.imag
            raised = (2 * degree + 1) * y * legendre - (degree + m) * squared * before
            before, legendre = legendre, raised / (degree + 1 - m)
        azimuthal = azimuthal * (z + 1j * x)
        first = first * (2 * m + 1)
    return result


def raising_matrix(degree: int) -> np.ndarray:
    """W with W^T (R x D) W = D' for D, D' the rotations of ``degree - 1`` and ``degree``.

    Returns:
        [3 (2l-1), 2l+1] float64, rows by (component of the vector, m), orthonormal columns.
    """
    points = np.random.default_rng(0).standard_normal((20 * degree + 20, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    harmonics = solid_harmonics(degree, points)
    lower = harmonics[:, (degree - 1) ** 2 : degree**2]
    products = (points[:, :, None] * lower[:, None, :]).reshape(len(points), -1)
    # Least squares gives the solution of least norm: nothing of the other degrees in the product.
    coupling = np.linalg.lstsq(products, harmonics[:, degree**2 :], rcond=1e-10)[0]
    return coupling / np.linalg.norm(coupling, axis=0).mean()


def _norm(degree: int, m: int) -> float:
    ratio = math.factorial(degree - m) / math.factorial(degree + m)
    return math.sqrt((2 if m else 1) * (2 * degree + 1) / (4 * math.pi) * ratio)
