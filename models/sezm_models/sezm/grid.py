"""Products of two fields on the sphere or on SO(3), exact by quadrature (sezm.md 3.9, 5.2-9).

A grid product takes coefficients to points, multiplies, and projects back. The quadrature
integrates the triple products exactly, so the result is a fixed bilinear (Clebsch-Gordan) map: any
exact rule gives the same numbers.

Fields on SO(3) with frames k = -1, 0, +1 are ``f(R) = sum c[lm, k] D^l_km(R)``. For R = Rz(gamma)
R(n) the roll gamma is integrated in closed form: at each point n of the sphere a field is kept as

    f0 = sum c_0 D_0,     u = sum c_+ D_+ + c_- D_-,     v = sum c_+ D_- - c_- D_+

and the product has  p0 = f0 g0 + (u u' + v v')/2,  pu = f0 u' + u g0,  pv = f0 v' + v g0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.integrate import lebedev_rule
from torch import Tensor, nn

from .degrees import degree_of_rows
from .wigner import WignerRows


class Field(NamedTuple):
    """A field on the sphere (pair is None) or on SO(3), as coefficients or at points.

    Attributes:
        zero: [N, D, C] coefficients of frame 0, or [N, G, C] values f0.
        pair: [N, 2 (D-1), C] coefficients of frames -1, +1 (fastest) of each row with l >= 1,
            or [N, 2 G, C]: u at all points, then v.
    """

    zero: Tensor
    pair: Tensor | None


class GridProduct(nn.Module):
    """Bilinear product of coefficient fields with D = (lmax+1)^2 rows.

    Args:
        lmax: largest degree.
        frames: 1 for fields on the sphere, 3 for SO(3) with frames 0, -1, +1.
        dtype: of the constants.
    """

    def __init__(self, lmax: int, *, frames: int, dtype: torch.dtype) -> None:
        super().__init__()
        wigner, weights, degrees = _sphere(lmax)
        # Fields on the sphere carry a factor 1 / sqrt(lmax + 1), those on SO(3) do not.
        norm = 1.0 / math.sqrt(lmax + 1) if frames == 1 else 1.0
        multiplicity = 2 * degrees + 1
        zero = wigner[:, 0]  # [G, D]
        self._constant("zero_to_grid", norm * zero, dtype)
        self._constant("zero_from_grid", (zero * weights[:, None] * multiplicity).T / norm, dtype)
        self._constant("zero_scalar", (norm / multiplicity)[:, None], dtype)
        self.has_pair = frames == 3
        if self.has_pair:
            d_minus, d_plus = wigner[:, 1, 1:], wigner[:, 2, 1:]
            u = np.stack([d_minus, d_plus], 2).reshape(len(weights), -1)
            v = np.stack([-d_plus, d_minus], 2).reshape(len(weights), -1)
            pair = np.concatenate([u, v])  # [2 G, 2 (D-1)]
            repeated = np.repeat(multiplicity[1:], 2)
            scale = np.tile(weights, 2)[:, None] * repeated / 2
            self._constant("pair_to_grid", pair, dtype)
            self._constant("pair_from_grid", (pair * scale).T, dtype)
            self._constant("pair_scalar", (1.0 / repeated)[:, None], dtype)

    def to_grid(self, field: Field) -> Field:
        """Coefficients -> values at the points."""
        pair = self.pair_to_grid @ field.pair if self.has_pair else None
        return Field(self.zero_to_grid @ field.zero, pair)

    def from_grid(self, field: Field) -> Field:
        """Values at the points -> coefficients."""
        pair = self.pair_from_grid @ field.pair if self.has_pair else None
        return Field(self.zero_from_grid @ field.zero, pair)

    def multiply(self, left: Field, right: Field) -> Field:
        """Pointwise product of values, the roll integrated."""
        zero = left.zero * right.zero
        if not self.has_pair:
            return Field(zero, None)
        n, points, channels = zero.shape
        left_uv = left.pair.reshape(n, 2, points, channels)
        right_uv = right.pair.reshape(n, 2, points, channels)
        zero = zero + 0.5 * (left_uv * right_uv).sum(1)
        uv = left.zero.unsqueeze(1) * right_uv + left_uv * right.zero.unsqueeze(1)
        return Field(zero, uv.reshape(n, 2 * points, channels))

    def scalar(self, left: Field, right: Field) -> Tensor:
        """The l = 0, k = 0 coefficient of the product of two coefficient fields: [N, C]."""
        result = (left.zero * right.zero * self.zero_scalar).sum(1)
        if not self.has_pair:
            return result
        return result + (left.pair * right.pair * self.pair_scalar).sum(1)

    def _constant(self, name: str, value: np.ndarray, dtype: torch.dtype) -> None:
        self.register_buffer(name, torch.tensor(value, dtype=dtype), persistent=False)


def _sphere(lmax: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wigner rows [G, 3, D] at the points of an exact rule, weights [G] (sum 1), degrees [D]."""
    points, weights = lebedev_rule(_lebedev_order(3 * lmax))
    wigner = WignerRows(lmax, dtype=torch.float64)(torch.tensor(points.T)).numpy()
    return wigner, weights / weights.sum(), np.array(degree_of_rows(lmax))


def _lebedev_order(degree: int) -> int:
    """Smallest order of a Lebedev rule that integrates polynomials of ``degree``."""
    orders = [*range(3, 32, 2), *range(35, 132, 6)]
    return next(order for order in orders if order >= degree)
