"""Feed-forward units with fewer products (sezm.md 5.2-9, 5.2-10).

The first layer makes two fields, mixed by P_left and P_right for the product; all of this is linear
and is one layer each (:mod:`.fields`). The scalars that steer gates are taken before the mixing.

Where only l = 0 of the result is used, the product needs no grid::

    B(a, b)[l=0, k=0] = sum_d,k a[d, k] b[d, k] / (2l+1)

and of the other layers only the rows and columns of l = 0 count. A gated unit sees l = 0 alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..descriptor import SeZMDescriptor
from ..ffn import EquivariantFFN
from ..grid_values import Field
from .constants import exact, replace, rounded
from .fields import FeatureLayer, FieldLayer
from .grid_units import feed_forward_unit


class FoldedFeedForward(nn.Module):
    """In place of :class:`EquivariantFFN` with a grid product, of any options."""

    def __init__(self, plain: EquivariantFFN) -> None:
        super().__init__()
        first, second, net = plain.so3_linear_1, plain.so3_linear_2, plain.act
        sides = (2, plain.frames, plain.hidden_channels)
        weight = exact(first.weight).unflatten(2, sides)
        left, right = net.project(weight[:, :, 0], weight[:, :, 1])
        biases: tuple[Tensor | None, Tensor | None] = (None, None)
        self.scalar_bias = None
        if first.bias is not None:
            bias = exact(first.bias).unflatten(0, sides)[:, 0]  # only frame 0 has l = 0
            biases = net.project(bias[0], bias[1])
            self.scalar_bias = rounded(bias.flatten(), first.bias)
        self.left = FieldLayer(left, first.weight, biases[0])
        self.right = FieldLayer(right, first.weight, biases[1])
        self.scalar_weight = rounded(weight[0, :, :, 0].flatten(1), first.weight)  # [C, 2 hidden]
        self.act = net
        self.second = FeatureLayer(second.weight, plain.frames, 1)
        self.second_bias = second.bias

    def forward(self, x: Tensor) -> Tensor:
        """[N, (lmax+1)^2, 1, C] -> same."""
        y = self.second(self.act.multiply(*self._factors(x)))
        if self.second_bias is None:
            return y
        return torch.cat([y[:, :1] + self.second_bias, y[:, 1:]], 1)

    def scalars(self, x: Tensor) -> Tensor:
        """Only the l = 0 row of :meth:`forward`: [N, 1, 1, C]."""
        hidden = self.act.scalar(*self._factors(x))  # [N, 1, hidden]
        y = hidden @ self.second.zero[0]
        return (y if self.second_bias is None else y + self.second_bias).unsqueeze(1)

    def _factors(self, x: Tensor) -> tuple[Field, Field, Tensor]:
        """Left and right field and their unprojected scalars."""
        scalars = x[:, 0] @ self.scalar_weight
        if self.scalar_bias is not None:
            scalars = scalars + self.scalar_bias
        return self.left(x), self.right(x), scalars


class ScalarsOfGated(nn.Module):
    """In place of a gated :class:`EquivariantFFN`: the same, but for a cheaper l = 0 row."""

    def __init__(self, plain: EquivariantFFN) -> None:
        super().__init__()
        self.plain = plain

    def forward(self, x: Tensor) -> Tensor:
        """[N, (lmax+1)^2, 1, C] -> same."""
        return self.plain(x)

    def scalars(self, x: Tensor) -> Tensor:
        """[N, 1, 1, C]."""
        first, second = self.plain.so3_linear_1, self.plain.so3_linear_2
        hidden = x[:, :1] @ first.weight[0]
        if first.bias is not None:
            hidden = hidden + first.bias
        activation = self.plain.act.activation
        if self.plain.glu:
            value, gate = hidden.chunk(2, -1)
            hidden = value * activation(gate)
        else:
            hidden = activation(hidden)
        y = hidden @ second.weight[0]
        return y if second.bias is None else y + second.bias


def simplify_feed_forward(descriptor: SeZMDescriptor) -> None:
    """All units, those of the read-out included."""

    def simplified(plain: EquivariantFFN) -> nn.Module:
        if not plain.uses_grid:
            return ScalarsOfGated(plain)
        return feed_forward_unit(plain) or FoldedFeedForward(plain)

    replace(descriptor, EquivariantFFN, simplified)
