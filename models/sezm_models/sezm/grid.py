"""Fields on the sphere or SO(3) at points, where products are exact by quadrature (sezm.md 3.9,
5.2-9).

A grid product takes coefficients to points, multiplies, and projects back. The quadrature
integrates the triple products exactly, so the result is a fixed bilinear (Clebsch-Gordan) map:
any exact rule gives the same numbers.

Fields on SO(3) are ``f(R) = sum c[lm, k] D^l_km(R)``, with frames k = -K .. K. For
R = Rz(gamma) R(n) the roll gamma is integrated in closed form: at each point n of the sphere a
field is ``f0 + Re sum_k F_k e^(-i k gamma)`` with F_k = u_k + i v_k and

    f0 = sum c_0 D_0,     u_k = sum c_k D_k + c_-k D_-k,     v_k = sum c_k D_-k - c_-k D_k
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.integrate import lebedev_rule
from torch import Tensor, nn

from .grid_values import Field
from .wigner import WignerRows


class GridProduct(nn.Module):
    """Bilinear product of coefficient fields.

    Args:
        rows: (l, m) of each of the D rows of coefficients, by ascending l if there are frames
            beyond 0.
        kmax: K, or None for fields on the sphere.
        dtype: of the constants.
    """

    def __init__(
        self, rows: Sequence[tuple[int, int]], *, kmax: int | None, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.kmax = kmax or 0
        degrees = np.array([degree for degree, _ in rows])
        wigner, weights = _sphere(rows, self.kmax)
        multiplicity = 2 * degrees + 1
        # Fields on the sphere carry factors that those on SO(3) do not.
        norm, factors = 1.0, np.ones(len(rows))
        if kmax is None:
            norm, factors = 1.0 / math.sqrt(degrees.max() + 1), _truncation_factors(rows)
        zero = wigner[:, 0] * factors  # [G, D]
        self._constant("zero_to_grid", norm * zero, dtype)
        self._constant("zero_from_grid", (zero * weights[:, None] * multiplicity).T / norm, dtype)
        self._constant("zero_scalar", (norm * factors**2 / multiplicity)[:, None], dtype)
        for k in range(1, self.kmax + 1):
            first = int(np.sum(degrees < k))
            repeated = np.repeat(multiplicity[first:], 2)
            pair = _pair_to_grid(wigner[:, 2 * k - 1 : 2 * k + 1, first:])
            scale = np.tile(weights, 2)[:, None] * repeated / 2
            self._constant(f"pair_{k}_to_grid", pair, dtype)
            self._constant(f"pair_{k}_from_grid", (pair * scale).T, dtype)
            self._constant(f"pair_{k}_scalar", (1.0 / repeated)[:, None], dtype)

    def to_grid(self, field: Field) -> Field:
        """Coefficients -> values at the points."""
        return self._transform("to_grid", field)

    def from_grid(self, field: Field) -> Field:
        """Values at the points -> coefficients."""
        return self._transform("from_grid", field)

    def scalar(self, left: Field, right: Field) -> Tensor:
        """The l = 0, k = 0 coefficient of the product of two coefficient fields: [N, C]."""
        result = (left.zero * right.zero * self.zero_scalar).sum(1)
        for k in range(1, self.kmax + 1):
            product = left.pairs[k - 1] * right.pairs[k - 1]
            result = result + (product * getattr(self, f"pair_{k}_scalar")).sum(1)
        return result

    def _transform(self, direction: str, field: Field) -> Field:
        pairs = [
            getattr(self, f"pair_{k}_{direction}") @ pair for k, pair in enumerate(field.pairs, 1)
        ]
        return Field(getattr(self, f"zero_{direction}") @ field.zero, tuple(pairs))

    def _constant(self, name: str, value: np.ndarray, dtype: torch.dtype) -> None:
        self.register_buffer(name, torch.tensor(value, dtype=dtype), persistent=False)


def _pair_to_grid(wigner: np.ndarray) -> np.ndarray:
    """From D_-k, D_+k [G, 2, D] the matrix from coefficients to u, then v: [2 G, 2 D]."""
    minus, plus = wigner[:, 0], wigner[:, 1]
    u = np.stack([minus, plus], 2).reshape(len(wigner), -1)
    v = np.stack([-plus, minus], 2).reshape(len(wigner), -1)
    return np.concatenate([u, v])


def _truncation_factors(rows: Sequence[tuple[int, int]]) -> np.ndarray:
    """sqrt((2l+1) / (2M+1)) for degrees that lack orders, 1 for the others."""
    largest = max(abs(m) for _, m in rows)
    return np.array(
        [math.sqrt(max(2 * degree + 1, 2 * largest + 1) / (2 * largest + 1)) for degree, _ in rows]
    )


def _sphere(rows: Sequence[tuple[int, int]], kmax: int) -> tuple[np.ndarray, np.ndarray]:
    """Wigner rows [G, 2 kmax + 1, D] at the points of an exact rule, its weights [G] (sum 1).

    Points 2 i and 2 i + 1 are opposite to each other, which kernels use; in single precision, sums
    over them then cancel where they should.
    """
    lmax = max(degree for degree, _ in rows)
    points, weights = lebedev_rule(_lebedev_order(3 * lmax))
    order = _opposite_pairs(points.T)
    points, weights = points[:, order], weights[order]
    wigner = WignerRows(lmax, kmax, dtype=torch.float64)(torch.tensor(points.T)).numpy()
    columns = [degree * degree + degree + m for degree, m in rows]
    return wigner[:, :, columns], weights / weights.sum()


def _opposite_pairs(points: np.ndarray) -> np.ndarray:
    """The order [G] of points [G, 3] of a rule, which has the opposite of each, in pairs."""
    x, y, z = points.T
    first = np.flatnonzero((z > 0) | ((z == 0) & ((y > 0) | ((y == 0) & (x > 0)))))
    distances = np.abs(points[first, None] + points).sum(2)
    return np.stack([first, distances.argmin(1)], 1).ravel()


def _lebedev_order(degree: int) -> int:
    """Smallest order of a Lebedev rule that integrates polynomials of ``degree``."""
    orders = [*range(3, 32, 2), *range(35, 132, 6)]
    return next(order for order in orders if order >= degree)
