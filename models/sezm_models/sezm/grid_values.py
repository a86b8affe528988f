"""Fields, and products of their values at points, the roll integrated (sezm.md 3.9, 5.2-9).

The frames of a product are, with the notation of :mod:`.grid`::

    p0  = f0 g0 + 1/2 sum_k Re(F_k G_k*)
    P_k = f0 G_k + F_k g0 + 1/2 sum_(a+b=k) F_a G_b + 1/2 sum_(a-b=k) (F_a G_b* + F_b* G_a)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Field(NamedTuple):
    """A field on the sphere (no pairs) or on SO(3), as coefficients or at points.

    Attributes:
        zero: [..., D, C] coefficients of frame 0, or [..., G, C] values f0.
        pairs: for k = 1 .. K: [..., 2 D_k, C] coefficients of frames -k, +k (fastest) of each of
            the D_k rows with l >= k, or [..., 2 G, C]: u_k at all points, then v_k.
    """

    zero: Tensor
    pairs: tuple[Tensor, ...] = ()


def multiply(left: Field, right: Field) -> Field:
    """Pointwise product of values."""
    f0, g0 = left.zero, right.zero
    f, g = _complex(left), _complex(right)
    zero = f0 * g0
    for f_k, g_k in zip(f, g, strict=True):
        zero = zero + 0.5 * (f_k * g_k).sum(-3)
    pairs = []
    for k in range(1, len(f) + 1):
        pair = f0.unsqueeze(-3) * g[k - 1] + f[k - 1] * g0.unsqueeze(-3)
        for term in _mixed_terms(f, g, k):
            pair = pair + 0.5 * term
        pairs.append(pair.flatten(-3, -2))
    return Field(zero, tuple(pairs))


def multiply_grad(grad: Field, other: Field) -> Field:
    """Derivative of :func:`multiply` with respect to one factor, given that of the product."""
    p0, g0 = grad.zero, other.zero
    p, g = _complex(grad), _complex(other)
    zero = p0 * g0
    for p_k, g_k in zip(p, g, strict=True):
        zero = zero + (p_k * g_k).sum(-3)
    pairs = []
    for k in range(1, len(g) + 1):
        pair = 0.5 * p0.unsqueeze(-3) * g[k - 1] + p[k - 1] * g0.unsqueeze(-3)
        for term in _mixed_terms_grad(p, g, k):
            pair = pair + 0.5 * term
        pairs.append(pair.flatten(-3, -2))
    return Field(zero, tuple(pairs))


def _complex(field: Field) -> list[Tensor]:
    """[..., 2 G, C] -> [..., 2, G, C], real and imaginary part."""
    return [pair.unflatten(-2, (2, -1)) for pair in field.pairs]


def _mixed_terms(f: Sequence[Tensor], g: Sequence[Tensor], k: int) -> list[Tensor]:
    """Twice the terms of P_k that join two frames beyond 0; none for K = 1."""
    sums = [_product(f[a - 1], g[k - a - 1]) for a in range(1, k)]
    differences = [
        _product_conjugate(f[b + k - 1], g[b - 1]) + _product_conjugate(g[b + k - 1], f[b - 1])
        for b in range(1, len(f) - k + 1)
    ]
    return sums + differences


def _mixed_terms_grad(p: Sequence[Tensor], g: Sequence[Tensor], k: int) -> list[Tensor]:
    """Twice what F_k takes from the mixed terms: as a of a + b, as a and as b of a - b."""
    n = len(g)
    as_term = [_product_conjugate(p[k + b - 1], g[b - 1]) for b in range(1, n - k + 1)]
    as_larger = [_product(p[k - b - 1], g[b - 1]) for b in range(1, k)]
    as_smaller = [_product_conjugate(g[k + c - 1], p[c - 1]) for c in range(1, n - k + 1)]
    return as_term + as_larger + as_smaller


def _product(x: Tensor, y: Tensor) -> Tensor:
    """x y of complex [..., 2, G, C]."""
    (a, b), (c, d) = x.unbind(-3), y.unbind(-3)
    return torch.stack([a * c - b * d, a * d + b * c], -3)


def _product_conjugate(x: Tensor, y: Tensor) -> Tensor:
    """x y* of complex [..., 2, G, C]."""
    (a, b), (c, d) = x.unbind(-3), y.unbind(-3)
    return torch.stack([a * c + b * d, b * c - a * d], -3)
