"""From hidden layers of both ends of an edge to its message, in memory that is used again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import silu

from .memory import Memory
from .so2 import OrderWeights


class SecondLayer:
    """Steering by features of the edge, and last linear maps, of the orders that there are.

    Args:
        source, target: weights of the atoms at the sources and at the targets of edges, of the
            orders 0, 1, ...; others are zero.
        memory: of intermediate results.
    """

    def __init__(
        self, source: Sequence[OrderWeights], target: Sequence[OrderWeights], memory: Memory
    ) -> None:
        self._memory = memory
        self._steering, self._last = [], []
        for m, ends in enumerate(zip(source, target, strict=True)):
            steering = torch.cat([end.steering for end in ends])
            self._steering.append((steering.t(), torch.cat([end.bias for end in ends])))
            # Of the orders 0, +1, -1, ...: f_r(+) - f_i(-), f_r(-) + f_i(+).
            for sign in (-1, 1) if m else (1,):
                parts = [(end.last[0], *(sign * w for w in end.last[1:])) for end in ends]
                self._last.append(torch.cat([w for end in parts for w in end], 1).t())

    @property
    def widths(self) -> list[int]:
        """Degrees * C, of the orders 0, +1, -1, ..."""
        return [weight.shape[1] for weight in self._last]

    def write(
        self, m: int, source: Tensor, target: Tensor, x_edge: Tensor, out: list[Tensor]
    ) -> None:
        """The part of order ``m`` in messages.

        Args:
            m: 0, 1, ...
            source: hidden layer of the atoms there, see :meth:`~.first_layer.FirstLayer.shape`.
            target: likewise.
            x_edge: [E, edge_channels].
            out: messages of the orders 0, +1, -1, ..., by :meth:`widths`.
        """
        edges = x_edge.shape[0]
        weight, bias = self._steering[m]
        steering = self._memory("steering", edges, bias.shape[0])
        silu(torch.addmm(bias, x_edge, weight, out=steering), inplace=True)
        if m == 0:
            factors = steering.view(edges, 2, -1)
            steered = self._memory("steered", *factors.shape)
            torch.mul(source[:, 0], factors[:, 0], out=steered[:, 0])
            torch.mul(target[:, 0], factors[:, 1], out=steered[:, 1])
            torch.mm(steered.flatten(1), self._last[0], out=out[0])
            return
        # [E; +, -; source, target; real, imaginary; H]
        factors = steering.view(edges, 1, 2, 2, -1)
        steered = self._memory("steered", edges, 2, *factors.shape[2:])
        for end, parts in enumerate((source, target)):
            values = parts.view(edges, 2, 2, -1)
            real, imaginary = factors[:, :, end, 0], factors[:, 0, end, 1]
            torch.mul(values[:, :, 0], real, out=steered[:, :, end, 0])
            torch.mul(values[:, 1, 1], imaginary, out=steered[:, 0, end, 1])
            torch.mul(values[:, 0, 1], imaginary, out=steered[:, 1, end, 1])
        for sign, place in enumerate((2 * m - 1, 2 * m)):
            torch.mm(steered[:, sign].flatten(1), self._last[place], out=out[place])
