"""Rows of the Wigner matrices that rotate features into the frame of an edge.

A rotation R takes the edge direction to z. Of its matrices D^l only the rows m' = 0, -1, +1 are
used when mmax = 1. They are closed forms (sezm.md 3.5), with e1, e2, rhat the rows of R:

    D^l[ 0, m] = (-1)^l      A_lm(rhat)
    D^l[-1, m] = (-1)^l      (e2 . grad A_lm)(rhat) / c_l
    D^l[+1, m] = (-1)^(l+1)  (e1 . grad A_lm)(rhat) / c_l          c_l = sqrt(l (l+1) / 2)

The model does not depend on the roll of e1, e2 about the edge, so these are taken as constants of
the differentiation: nothing differentiates a frame near its degeneracy. What remains of their
derivative keeps them tangential, and is the ``tilt`` term below, zero in value.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .harmonics import gradient_constants

EDGE_ORDERS = (0, -1, 1)
"""Order m' of the three rows."""


class WignerRows(nn.Module):
    """Rows m' = 0, -1, +1 of D^l for l = 0 .. lmax, with their constants."""

    def __init__(self, lmax: int, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.lmax = lmax
        for degree in range(1, lmax + 1):
            constants = torch.tensor(gradient_constants(degree), dtype=dtype)
            scales = torch.tensor(_row_scales(degree), dtype=dtype)
            self.register_buffer(f"gradient_{degree}", constants, persistent=False)
            self.register_buffer(f"scales_{degree}", scales, persistent=False)

    def forward(self, direction: Tensor) -> Tensor:
        """Unit vectors [S, 3] -> [S, 3, (lmax+1)^2], columns in packed (l, m) order."""
        tangents = _tangents(direction.detach())
        axes = torch.cat([direction.unsqueeze(1), tangents], 1)  # [S, 3, 3]
        tilt = (tangents * direction.unsqueeze(1)).sum(2, keepdim=True)  # [S, 2, 1]
        harmonics = torch.ones_like(direction[:, :1])  # A_0
        tilt = torch.cat([torch.zeros_like(harmonics).unsqueeze(1), tilt], 1)  # [S, 3, 1]
        rows = [torch.cat([harmonics, torch.zeros_like(direction[:, :2])], 1).unsqueeze(2)]
        for degree in range(1, self.lmax + 1):
            outer = axes.unsqueeze(3) * harmonics.reshape(-1, 1, 1, 2 * degree - 1)
            outer = outer.reshape(-1, 3, 3 * (2 * degree - 1))
            derivative = outer @ getattr(self, f"gradient_{degree}")  # [S, 3, 2l+1]
            euler = derivative[:, :1]  # l A_l
            rows.append((derivative - tilt * euler) * getattr(self, f"scales_{degree}"))
            harmonics = euler.squeeze(1) * (1.0 / degree)
        return torch.cat(rows, 2)


def _tangents(n: Tensor) -> Tensor:
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


def _row_scales(degree: int) -> list[list[float]]:
    """Factor of each row, [3, 1]."""
    parity = (-1.0) ** degree
    c = math.sqrt(degree * (degree + 1) / 2)
    return [[parity / degree], [parity / c], [-parity / c]]
