"""From hidden layers of both ends of an edge to its message, in memory that is used again."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu

from .memory import Memory
from .so2 import SO2Block


class SecondLayer:
    """Steering by features of the edge, and last linear maps, of the orders that there are.

    Args:
        source, target: blocks of the atoms at the sources and at the targets of edges.
        orders: how many of the orders 0, 1, ...; others are zero.
        memory: see :meth:`message`.
    """

    def __init__(self, source: SO2Block, target: SO2Block, orders: int, memory: Memory) -> None:
        self._memory = memory
        self._hidden = source.fc1_m0.weight.shape[0]
        pairs = zip(source.steering()[:orders], target.steering()[:orders], strict=True)
        steering = [layer for pair in pairs for layer in pair]
        self._steering = torch.cat([layer.weight for layer in steering]).t()
        self._bias = torch.cat([layer.bias for layer in steering])
        # of the orders 0, +1, -1, ...
        self._last = [torch.cat([source.fc2_m0.weight, target.fc2_m0.weight], 1).t()]
        for ends in list(zip(source.so2_conv, target.so2_conv, strict=True))[: orders - 1]:
            for sign in (-1, 1):
                parts = [(end.fc2_r.weight, sign * end.fc2_i.weight) for end in ends]
                self._last.append(torch.cat([part for end in parts for part in end], 1).t())

    def message(self, source: list[Tensor], target: list[Tensor], x_edge: Tensor) -> Tensor:
        """Messages in the frames of edges.

        Args:
            source, target: hidden layers of each order, see :class:`~.first_layer.FirstLayer`.
            x_edge: [E, edge_channels].

        Returns:
            [E, rows * C], in memory that the next call takes.
        """
        edges, hidden = x_edge.shape[0], self._hidden
        steering = self._memory("steering", edges, self._bias.shape[0])
        silu(torch.addmm(self._bias, x_edge, self._steering, out=steering), inplace=True)
        message = self._memory("message", edges, sum(last.shape[1] for last in self._last))
        results = list(message.split([last.shape[1] for last in self._last], 1))

        of_zero, *of_others = steering.split([2 * hidden] + [4 * hidden] * (len(source) - 1), 1)
        steered = self._memory("steered", edges, 2, hidden)  # source, target
        for end, values in enumerate((source[0], target[0])):
            torch.mul(values[:, 0], of_zero.view(steered.shape)[:, end], out=steered[:, end])
        torch.mm(steered.view(edges, -1), self._last[0], out=results[0])

        for m, of_order in enumerate(of_others, 1):
            # +, -; source, target; real, imaginary
            steered = self._memory("steered", edges, 2, 2, 2, hidden)
            factors = of_order.view(edges, 1, 2, 2, hidden)
            for end, parts in enumerate((source[m], target[m])):
                values = parts.view(edges, 2, 2, hidden)
                real, imaginary = factors[:, :, end, 0], factors[:, 0, end, 1]
                torch.mul(values[:, :, 0], real, out=steered[:, :, end, 0])
                torch.mul(values[:, 1, 1], imaginary, out=steered[:, 0, end, 1])
                torch.mul(values[:, 0, 1], imaginary, out=steered[:, 1, end, 1])
            for sign in (0, 1):
                place = 2 * m - 1 + sign
                torch.mm(steered[:, sign].flatten(1), self._last[place], out=results[place])
        return message
