"""A gated product of two fields of the same atom, between layers, and its derivative.

This is a feed-forward unit (sezm.md 3.10), both fields from one input, or a product of two inputs
(3.9), with the layers folded (:mod:`.simplify.fields`). Of each atom, with features x and z::

    s, t = x_0 S_left, x_0 S_right      of one input;    s, t = x_0, z_0    of two
    a[d, k] = x[d] W_l,k,  b[d, k] = z[d] V_l,k          fields, |k| <= l
    q = from_grid(to_grid(a) to_grid(b)) O               O where channels are mixed
    gate = sigmoid([s, t] G)
    y[d] = sum_k (q[d, k] gate) U_l,k,     y[0] += silu(s) t U_0,0

The derivative is written out. Rows come before atoms here, so that all transforms are large
products: X is [D, N, C]. A field has D rows of frame 0, and for k = 1 .. K rows (d, -k), (d, +k) of
each d with l >= k.

Sizes: N atoms, D = (L+1)^2 packed rows, D_k of them with l >= k, C channels, H hidden ones, P of
the fields, G points.

Arguments, in the order in which kernels take them (``export/FORMAT.md``):

    features    x, or x and z: [N, D, C]
    weights     see :class:`GridUnitWeights`, None left out and lists in place
    saved       what :func:`grid_unit` returns behind y
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from .degrees import degree_of_rows
from .grid_values import Field, multiply, multiply_grad

aten = torch.ops.aten


@dataclass(frozen=True)
class GridUnitLayout:
    """What the shapes of the tensors do not say.

    Attributes:
        n_inputs: 1, or 2 where the second field is that of other features.
        lmax, kmax: L and K.
    """

    n_inputs: int
    lmax: int
    kmax: int


class GridUnitWeights(NamedTuple):
    """All constants of a unit; lists have one entry for frame 0 and for each pair of frames.

    Attributes:
        scalars: [C, 2 H], S_left and S_right; None with two inputs.
        left, right: [L+1, C, P], then [L+1-k, 2, C, P] of frames -k, +k.
        to_grid: [G, D], then [2 G, 2 D_k].
        from_grid: [D, G], then [2 D_k, 2 G].
        gate: [2 H, H].
        second: [L+1, H, C], then [L+1-k, 2, H, C].
        mixing: [P, H], or None.
    """

    scalars: Tensor | None
    left: list[Tensor]
    right: list[Tensor]
    to_grid: list[Tensor]
    from_grid: list[Tensor]
    gate: Tensor
    second: list[Tensor]
    mixing: Tensor | None

    def listed(self) -> list[Tensor]:
        """As operators take them."""
        return [
            *([] if self.scalars is None else [self.scalars]),
            *self.left,
            *self.right,
            *self.to_grid,
            *self.from_grid,
            self.gate,
            *self.second,
            *([] if self.mixing is None else [self.mixing]),
        ]


def named_weights(weights: Sequence[Tensor], layout: GridUnitLayout) -> GridUnitWeights:
    """The reverse of :meth:`GridUnitWeights.listed`."""
    rest = iter(weights)

    def frames() -> list[Tensor]:
        return list(islice(rest, layout.kmax + 1))

    return GridUnitWeights(
        scalars=next(rest) if layout.n_inputs == 1 else None,
        left=frames(),
        right=frames(),
        to_grid=frames(),
        from_grid=frames(),
        gate=next(rest),
        second=frames(),
        mixing=next(rest, None),
    )


def grid_unit(
    features: Sequence[Tensor], weights: Sequence[Tensor], layout: GridUnitLayout
) -> list[Tensor]:
    """The unit. (Kernels save something else.)

    Returns:
        y [N, D, C]; then q by frame, [D, N, H] and [2 D_k, N, H], and the values of a and of b at
        the points by frame, [G, N, P] and [2 G, N, P].
    """
    w = named_weights(weights, layout)
    inputs = _rows_first(features)
    left, right = _values(inputs[0], w.left, w), _values(inputs[-1], w.right, w)
    n_atoms = inputs[0].shape[1]
    mixed = _by_atom(_transformed(w.from_grid, multiply(left, right)), n_atoms)
    if w.mixing is not None:
        mixed = [rows @ w.mixing for rows in mixed]
    s, t = _scalars(inputs, w)
    gate = torch.sigmoid(torch.cat([s, t], 1) @ w.gate)
    path = (torch.nn.functional.silu(s) * t) @ w.second[0][0]
    y = _sum_of_frames(
        [torch.bmm(rows * gate, _by_row(w.second, k)) for k, rows in enumerate(mixed)], path
    )
    return [y.transpose(0, 1), *mixed, *_by_atom(left, n_atoms), *_by_atom(right, n_atoms)]


def grid_unit_grad(
    grad: Tensor,
    features: Sequence[Tensor],
    saved: Sequence[Tensor],
    weights: Sequence[Tensor],
    layout: GridUnitLayout,
) -> list[Tensor]:
    """Derivative of :func:`grid_unit`, given that of y, with respect to each of ``features``."""
    w = named_weights(weights, layout)
    n_frames = layout.kmax + 1
    mixed = saved[:n_frames]
    left, right = _flat(saved[n_frames : 2 * n_frames]), _flat(saved[2 * n_frames :])
    inputs = _rows_first(features)
    s, t = _scalars(inputs, w)
    gate = torch.sigmoid(torch.cat([s, t], 1) @ w.gate)

    # ---------------------------------------------------------------- second layer, gate
    (grad,) = _rows_first([grad])
    grads = _products(grad, w.second, transposed=True)
    grad_path = grads[0][0]
    grad_gate = (grads[0] * mixed[0]).sum(0)
    for rows, values in zip(grads[1:], mixed[1:], strict=True):
        grad_gate = grad_gate + (rows * values).sum(0)
    grad_s, grad_t = (aten.sigmoid_backward(grad_gate, gate) @ w.gate.t()).chunk(2, 1)
    grad_s = grad_s + aten.silu_backward(grad_path * t, s)
    grad_t = grad_t + grad_path * torch.nn.functional.silu(s)
    if w.scalars is not None:
        to_s, to_t = w.scalars.chunk(2, 1)
        grad_s, grad_t = grad_s @ to_s.t(), grad_t @ to_t.t()

    # ---------------------------------------------------------------- grid, first layers
    grads = [rows * gate for rows in grads]
    if w.mixing is not None:
        grads = [rows @ w.mixing.t() for rows in grads]
    back = [matrix.t() for matrix in w.from_grid]
    product = _transformed(back, _flat(grads))
    back = [matrix.t() for matrix in w.to_grid]
    results = []
    for other, first, scalars in ((right, w.left, grad_s), (left, w.right, grad_t)):
        field = _by_atom(_transformed(back, multiply_grad(product, other)), grad.shape[1])
        terms = [torch.bmm(rows, _by_row(first, k).transpose(1, 2)) for k, rows in enumerate(field)]
        results.append(_sum_of_frames(terms, scalars).transpose(0, 1))
    return results if layout.n_inputs == 2 else [results[0] + results[1]]


def grid_unit_scalars(x: Tensor, weights: GridUnitWeights, scale: Tensor) -> Tensor:
    """Row 0 of the unit of one input, which needs no grid: [N, C].

    Args:
        x: [N, D, C].
        weights: of the unit.
        scale: [D], what products of equal coefficients of a row have in row 0.
    """
    (x,) = _rows_first([x])
    left = _products(x * scale[:, None, None], weights.left)
    right = _products(x, weights.right)
    s, t = _scalars([x], weights)
    product = (left[0] * right[0]).sum(0)
    for a, b in zip(left[1:], right[1:], strict=True):
        product = product + (a * b).sum(0)
    if weights.mixing is not None:
        product = product @ weights.mixing
    gate = torch.sigmoid(torch.cat([s, t], 1) @ weights.gate)
    return (product * gate + torch.nn.functional.silu(s) * t) @ weights.second[0][0]


# ------------------------------------------------------------------------------- layers


def _rows_first(features: Sequence[Tensor]) -> list[Tensor]:
    """[N, D, C] -> [D, N, C]."""
    return [x.transpose(0, 1) for x in features]


def _products(x: Tensor, weights: Sequence[Tensor], *, transposed: bool = False) -> list[Tensor]:
    """[D, N, I] by the matrices of each row and frame: [D, N, O], then [2 D_k, N, O]."""
    results = []
    for k in range(len(weights)):
        matrices = _by_row(weights, k)
        rows = x if k == 0 else x[k * k :].unsqueeze(1).expand(-1, 2, -1, -1).flatten(0, 1)
        results.append(torch.bmm(rows, matrices.transpose(1, 2) if transposed else matrices))
    return results


def _by_row(weights: Sequence[Tensor], k: int) -> Tensor:
    """The matrix of each row of frame 0, or of frames -k, +k: [D, I, O] or [2 D_k, I, O]."""
    weight = weights[k]
    degrees = _degrees(weights[0].shape[0] - 1, k, weight.device)
    matrices = weight.index_select(0, degrees)
    return matrices if k == 0 else matrices.flatten(0, 1)


def _sum_of_frames(parts: Sequence[Tensor], scalars: Tensor) -> Tensor:
    """[D, N, C] and [2 D_k, N, C] to [D, N, C]; ``scalars`` [N, C] are added to row 0."""
    first, higher = [parts[0][:1] + scalars], parts[0][1:]
    for part in parts[1:]:
        pair = part.unflatten(0, (-1, 2)).sum(1)  # of rows k^2, k^2 + 1, ...
        lacking = len(higher) - len(pair)
        if lacking > 0:
            first.append(higher[:lacking])
        higher = higher[lacking:] + pair
    return torch.cat([*first, higher])


def _scalars(inputs: Sequence[Tensor], w: GridUnitWeights) -> tuple[Tensor, Tensor]:
    """s and t, [N, H] each."""
    if w.scalars is None:
        return inputs[0][0], inputs[1][0]
    s, t = (inputs[0][0] @ w.scalars).chunk(2, 1)
    return s, t


@lru_cache(maxsize=64)
def _degrees(lmax: int, k: int, device: torch.device) -> Tensor:
    """Degree of each row with l >= k, counted from k: [D_k] int64."""
    return torch.tensor([degree - k for degree in degree_of_rows(lmax) if degree >= k]).to(device)


# ------------------------------------------------------------------------------- fields


def _values(x: Tensor, first: Sequence[Tensor], w: GridUnitWeights) -> Field:
    """Of [D, N, C], the values of its field at the points."""
    return _transformed(w.to_grid, _flat(_products(x, first)))


def _transformed(matrices: Sequence[Tensor], field: Field) -> Field:
    """Each frame by its matrix: coefficients to values, or back."""
    frames = zip(matrices, (field.zero, *field.pairs), strict=True)
    zero, *pairs = [matrix @ rows for matrix, rows in frames]
    return Field(zero, tuple(pairs))


def _by_atom(field: Field, n_atoms: int) -> list[Tensor]:
    """[..., N P] of each frame -> [..., N, P]."""
    return [rows.unflatten(1, (n_atoms, -1)) for rows in (field.zero, *field.pairs)]


def _flat(frames: Sequence[Tensor]) -> Field:
    """The reverse of :func:`_by_atom`."""
    zero, *pairs = [rows.flatten(1) for rows in frames]
    return Field(zero, tuple(pairs))
