"""Rows of the Wigner matrices that rotate features into the frame of an edge.

A rotation R takes the edge direction to z. Of its matrices D^l only the rows |m'| <= mmax are
used. With e1, e2, n the rows of R those of |m'| <= 1 are closed forms (sezm.md 3.5),

    D^l[ 0, m] = (-1)^l      A_lm(n)
    D^l[-1, m] = (-1)^l      (e2 . grad A_lm)(n) / c_l
    D^l[+1, m] = (-1)^(l+1)  (e1 . grad A_lm)(n) / c_l          c_l = sqrt(l (l+1) / 2)

and higher ones follow from those of degree and order less by one: the constants G_l of
    :mod:`.harmonics` couple a
vector and degree l - 1 to degree l, and a vector of order 1 raises the order by one,

    D^l[+m] ~ (e1 (x) D^(l-1)[+(m-1)] + e2 (x) D^(l-1)[-(m-1)]) G_l
    D^l[-m] ~ (e1 (x) D^(l-1)[-(m-1)] - e2 (x) D^(l-1)[+(m-1)]) G_l

with factors that make D the identity where R is.

The model does not depend on the roll of e1, e2 about the edge, so nothing differentiates the
frame, which has to be degenerate somewhere. Only its tilt counts: to first order it follows the
edge so as to stay perpendicular.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .harmonics import gradient_constants


class WignerRows(nn.Module):
    """Rows m' = 0, -1, +1, -2, ... of D^l for l = 0 .. lmax, with their constants."""

    def __init__(self, lmax: int, mmax: int = 1, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.lmax, self.mmax = lmax, mmax
        for degree in range(1, lmax + 1):
            constants = torch.tensor(gradient_constants(degree), dtype=dtype)
            scales = torch.tensor(_row_scales(degree, min(mmax, degree)), dtype=dtype)
            self.register_buffer(f"gradient_{degree}", constants, persistent=False)
            self.register_buffer(f"scales_{degree}", scales.unsqueeze(1), persistent=False)

    def forward(self, direction: Tensor) -> Tensor:
        """Unit vectors [S, 3] -> [S, 2 mmax + 1, (lmax+1)^2], columns in packed (l, m) order.

        Rows with |m'| > l are zero.
        """
        axes = direction.unsqueeze(1)
        if self.mmax > 0:
            axes = torch.cat([axes, _tangents(direction)], 1)  # [S, 3, 3]
        harmonics = torch.ones_like(direction[:, :1])  # A_0
        rows = harmonics.unsqueeze(1)
        columns = [self._padded(rows)]
        for degree in range(1, self.lmax + 1):
            outer = axes.unsqueeze(3) * harmonics.reshape(-1, 1, 1, 2 * degree - 1)
            outer = outer.flatten(2)
            if min(self.mmax, degree) > 1:
                outer = torch.cat([outer, _raised(axes, rows, min(self.mmax, degree) - 1)], 1)
            product = outer @ getattr(self, f"gradient_{degree}")
            rows = product * getattr(self, f"scales_{degree}")
            columns.append(self._padded(rows))
            harmonics = product[:, 0] * (1.0 / degree)
        return torch.cat(columns, 2)

    def _padded(self, rows: Tensor) -> Tensor:
        n, present, width = rows.shape
        if present == 2 * self.mmax + 1:
            return rows
        absent = rows.new_zeros((1, 1, 1)).expand(n, 2 * self.mmax + 1 - present, width)
        return torch.cat([rows, absent], 1)


def _raised(axes: Tensor, rows: Tensor, orders: int) -> Tensor:
    """Tangents times rows -+1 .. -+orders of the degree before: [S, 2 orders, 3 q]."""
    n, _, width = rows.shape
    e2, e1 = axes[:, 1], axes[:, 2]
    turn = torch.stack([e1, -e2, e2, e1], 1).reshape(
        n, 1, 2, 2, 3, 1
    )  # (.., new sign, old sign, ..)
    pairs = rows[:, 1 : 2 * orders + 1].reshape(n, orders, 1, 2, 1, width)
    return (turn * pairs).sum(3).reshape(n, 2 * orders, 3 * width)


def _tangents(direction: Tensor) -> Tensor:
    """e2, e1 with e1 x e2 = n, constants of differentiation but for their tilt: [S, 2, 3]."""
    constant = _basis(direction.detach())
    tilt = (constant * direction.unsqueeze(1)).sum(2, keepdim=True)  # zero in value
    return constant - tilt * direction.detach().unsqueeze(1)


def _basis(n: Tensor) -> Tensor:
    """Two unit vectors e2, e1 with e1 x e2 = n, without a singular direction: [S, 2, 3].

    The branch-free basis of Duff et al., J. Comput. Graph. Tech. 6 (2017) 1.
    """
    x, y, z = n.unbind(1)
    sign = torch.where(z >= 0, torch.ones_like(z), -torch.ones_like(z))
    a = -1.0 / (sign + z)
    b = x * y * a
    e1 = torch.stack([1.0 + sign * x * x * a, sign * b, -sign * x], 1)
    e2 = torch.stack([b, sign + y * y * a, -y], 1)
    return torch.stack([e2, e1], 1)


def _row_scales(degree: int, mmax: int) -> list[float]:
    """Factor of each row of a degree."""
    parity = (-1.0) ** degree
    c = math.sqrt(degree * (degree + 1) / 2)
    scales = [parity / degree]
    if mmax > 0:
        scales += [parity / c, -parity / c]
    constants = gradient_constants(degree).reshape(3, 2 * degree - 1, 2 * degree + 1)
    x, y = constants[0], constants[1]
    for m in range(2, mmax + 1):
        plus, minus = degree - 1 + (m - 1), degree - 1 - (m - 1)  # columns of degree l - 1
        scales.append(1.0 / (x[minus, degree - m] - y[plus, degree - m]))
        scales.append(1.0 / (x[plus, degree + m] + y[minus, degree + m]))
    return scales
