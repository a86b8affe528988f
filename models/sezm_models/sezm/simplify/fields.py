"""Fields from features by one product per degree, and back (sezm.md 5.2-9).

A layer that makes frames (W) and one that mixes their channels for a product (P) are one::

    left[d, k] = (x[d] W_l,k) P = x[d] (W_l,k P)

Frames with |k| > l do not exist, so their weights are left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..degrees import packed_rows
from ..grid_values import Field
from ..linear import degree_matmul
from .constants import rounded


class FieldLayer(nn.Module):
    """From features to a field.

    Args:
        weight: [lmax+1, in, frames, out] float64.
        like: precision of the features.
        bias: [out], of l = 0 and frame 0, or None.
        mmax: largest order of the features, if they are truncated.
    """

    def __init__(
        self, weight: Tensor, like: Tensor, bias: Tensor | None = None, mmax: int | None = None
    ) -> None:
        super().__init__()
        self.frames, self.mmax = weight.shape[2], mmax
        self.zero = rounded(weight[:, :, 0], like)
        self.pairs = nn.ParameterList(
            rounded(weight[k:, :, 2 * k - 1 : 2 * k + 1].flatten(2), like)
            for k in range(1, self.frames // 2 + 1)
        )
        self.bias = None if bias is None else rounded(bias, like)

    def forward(self, x: Tensor) -> Field:
        """[N, D, F, in] -> field of [N, D, F * out]."""
        zero = degree_matmul(x, list(self.zero.unbind(0)), 0, self.mmax).flatten(2)
        if self.bias is not None:
            zero = torch.cat([zero[:, :1] + self.bias, zero[:, 1:]], 1)
        pairs = []
        for k, weight in enumerate(self.pairs, 1):
            rows = x[:, first_row(k, self.mmax) :]
            pair = degree_matmul(rows, list(weight.unbind(0)), k, self.mmax)  # [N, D_k, F, 2 out]
            pair = pair.unflatten(3, (2, -1)).transpose(2, 3)
            pairs.append(pair.flatten(3).flatten(1, 2))
        return Field(zero, tuple(pairs))


class FeatureLayer(nn.Module):
    """From a field to features.

    Args:
        weight: [lmax+1, frames * in, out].
        frames, n_focus: of the field.
        mmax: see :class:`FieldLayer`.
    """

    def __init__(self, weight: Tensor, frames: int, n_focus: int, mmax: int | None = None) -> None:
        super().__init__()
        self.n_focus, self.mmax = n_focus, mmax
        width = weight.shape[1] // frames
        self.zero = rounded(weight[:, :width], weight)
        self.pairs = nn.ParameterList(
            rounded(weight[k:, (2 * k - 1) * width : (2 * k + 1) * width], weight)
            for k in range(1, frames // 2 + 1)
        )

    def forward(self, field: Field) -> Tensor:
        """Field of [N, D, F * in] -> [N, D, F, out]."""
        zero = field.zero.unflatten(2, (self.n_focus, -1))
        out = degree_matmul(zero, list(self.zero.unbind(0)), 0, self.mmax)
        for k, (values, weight) in enumerate(zip(field.pairs, self.pairs, strict=True), 1):
            pair = values.unflatten(1, (-1, 2)).unflatten(3, (self.n_focus, -1)).transpose(2, 3)
            higher = degree_matmul(pair.flatten(3), list(weight.unbind(0)), k, self.mmax)
            first = first_row(k, self.mmax)
            out = torch.cat([out[:, :first], out[:, first:] + higher], 1)
        return out


def first_row(degree: int, mmax: int | None) -> int:
    """The first packed row of a degree."""
    return len(packed_rows(degree - 1, mmax))
