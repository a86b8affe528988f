"""Cheaper SO(2) layers (sezm.md 5.2-6).

The last layer has no nonlinearity, so its residual and its scale s are in its weight::

    x + s (x W + b) = x (1 + W s) + s b

A pair of orders -m, +m is a complex product, of three real ones in place of four::

    y_- = x_- U - x_+ V = k - x_+ (U + V)        k = (x_- + x_+) U
    y_+ = x_- V + x_+ U = k + x_- (V - U)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..descriptor import SeZMDescriptor
from ..so2 import SO2Linear
from ..so2_mixing import SO2Mixing
from .constants import exact, replace, rounded


class ThreeProducts(nn.Module):
    """In place of :class:`SO2Linear`.

    Args:
        zero: [F, in, out], of m = 0.
        pairs: U and V of m = 1 .. mmax, each [F, in, out].
        bias: see :class:`SO2Linear`.
        like: precision of the weights.
    """

    def __init__(
        self,
        zero: Tensor,
        pairs: list[tuple[Tensor, Tensor]],
        bias: nn.Parameter | None,
        like: Tensor,
    ) -> None:
        super().__init__()
        self.zero, self.bias0 = rounded(zero, like), bias
        products = [(u, -(u + v), v - u) for u, v in pairs]
        self.pairs = nn.ParameterList(rounded(w, like) for triple in products for w in triple)

    def forward(self, messages: list[Tensor]) -> list[Tensor]:
        """See :class:`SO2Linear`."""
        out = [messages[0] @ self.zero]
        for i in range(len(self.pairs) // 3):
            minus, plus = messages[2 * i + 1], messages[2 * i + 2]
            both = (minus + plus) @ self.pairs[3 * i]
            out += [both + plus @ self.pairs[3 * i + 1], both + minus @ self.pairs[3 * i + 2]]
        return out


def simplify_so2_layers(descriptor: SeZMDescriptor) -> None:
    """All layers of all blocks."""
    for module in descriptor.modules():
        if isinstance(module, SO2Mixing):
            if len(module.so2_linears) > 0:
                module.so2_linears[-1] = _with_residual(module)
                module.residual_in_weight = True
            replace(module, SO2Linear, lambda layer: ThreeProducts(*_matrices(layer)))


def _matrices(
    layer: SO2Linear,
) -> tuple[Tensor, list[tuple[Tensor, Tensor]], nn.Parameter | None, Tensor]:
    """Arguments of :class:`ThreeProducts` for a layer as it is."""
    pairs = [layer.pair_matrices(m) for m in range(1, layer.mmax + 1)]
    weights = [(exact(u), exact(v)) for u, v in pairs]
    return exact(layer.zero_matrix()), weights, layer.bias0, layer.weight_m0


def _with_residual(mixing: SO2Mixing) -> ThreeProducts:
    """The last layer."""
    last = len(mixing.so2_linears) - 1
    zero, pairs, bias, like = _matrices(mixing.so2_linears[last])
    if mixing.layer_scale:

        def scaled(matrix: Tensor) -> Tensor:
            return matrix * exact(mixing.scale(last, matrix.shape[2]))

        zero, pairs = scaled(zero), [(scaled(u), scaled(v)) for u, v in pairs]
        if bias is not None:
            scale = exact(mixing.adam_so2_layer_scales[last]).flatten()
            bias = rounded(exact(bias) * scale, like)
    zero, pairs = _plus_one(zero), [(_plus_one(u), v) for u, v in pairs]
    return ThreeProducts(zero, pairs, bias, like)


def _plus_one(matrix: Tensor) -> Tensor:
    return matrix + torch.eye(matrix.shape[-1], dtype=matrix.dtype)
