"""Real Clebsch-Gordan coefficients of a product of two equal degrees (fused_tensor.md, Table)."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np

from ..racah import complex_coefficients


@cache
def coupling_table(max_degree: int, *, cartesian_order: bool) -> np.ndarray:
    """Coefficients that turn vectors of all degrees up to ``max_degree`` into square matrices.

    Args:
        max_degree: L.
        cartesian_order: components of each degree as +l, -l, ..., +1, -1, 0 (degree 1: x, y, z)
            in place of -l .. l, on all three axes.

    Returns:
        [Q, Q, (L+1)^2] float64 with Q = 2 ceil(L/2) + 1; each [:, :, n] has the norm 1.
    """
    half = (max_degree + 1) // 2
    blocks = []
    for degree in range(max_degree + 1):
        block = _real_coefficients(half, degree)
        if cartesian_order:
            block = block[_cartesian(half)][:, _cartesian(half)][:, :, _cartesian(degree)]
        blocks.append(block)
    return np.concatenate(blocks, 2)


def _real_coefficients(half: int, degree: int) -> np.ndarray:
    """``(half, half) -> degree`` for real harmonics, m ascending: [2 half+1, 2 half+1, 2 l+1]."""
    left, right = _real_from_complex(half), _real_from_complex(degree)
    coupled = np.einsum(
        "am,bn,ck,mnk->abc", left, left, right.conj(), complex_coefficients(half, half, degree)
    )
    return (1j ** (2 * half - degree) * coupled).real


def _real_from_complex(degree: int) -> np.ndarray:
    """Unitary matrix from complex harmonics with Condon-Shortley phase to real ones."""
    result = np.zeros((2 * degree + 1, 2 * degree + 1), complex)
    result[degree, degree] = 1.0
    for m in range(1, degree + 1):
        sign, plus, minus = (-1) ** m, degree + m, degree - m
        result[plus, [plus, minus]] = sign, 1.0
        result[minus, [plus, minus]] = -1j * sign, 1j
        result[[plus, minus]] *= sqrt(0.5)
    return result


def _cartesian(degree: int) -> list[int]:
    """Where each component in Cartesian order stands in that by ascending m."""
    pairs = [position for m in range(degree, 0, -1) for position in (degree + m, degree - m)]
    return [*pairs, degree]
