"""Linear maps in the frame of an edge, order by order, steered by edge features (escn.md).

Each order m = 0, 1, ... has a hidden layer, which features of the edge multiply, between a first
and a last map. Those of m > 0 have two parts, real and imaginary: rows +m and -m are mixed like a
complex number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .config import ESCNConfig

Parts = tuple[Tensor, ...]


class OrderWeights(NamedTuple):
    """Weights of an order, which has one part (m = 0) or two.

    Attributes:
        steering: [parts * H, edge_channels].
        bias: [parts * H].
        first: of each part [H, degrees * C].
        last: of each part [degrees * C, H].
    """

    steering: Tensor
    bias: Tensor
    first: Parts
    last: Parts


class SO2Conv(nn.Module):
    """Order m > 0."""

    def __init__(self, config: ESCNConfig, m: int) -> None:
        super().__init__()
        width = (config.lmax - m + 1) * config.sphere_channels
        hidden = config.hidden_channels
        self.fc1_dist = nn.Linear(config.edge_channels, 2 * hidden)
        self.fc1_r = nn.Linear(width, hidden, bias=False)
        self.fc2_r = nn.Linear(hidden, width, bias=False)
        self.fc1_i = nn.Linear(width, hidden, bias=False)
        self.fc2_i = nn.Linear(hidden, width, bias=False)

    def weights(self) -> OrderWeights:
        """All of them."""
        return OrderWeights(
            self.fc1_dist.weight,
            self.fc1_dist.bias,
            (self.fc1_r.weight, self.fc1_i.weight),
            (self.fc2_r.weight, self.fc2_i.weight),
        )


class SO2Block(nn.Module):
    """All orders."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        zero = (config.lmax + 1) * config.sphere_channels
        self.fc1_dist0 = nn.Linear(config.edge_channels, config.hidden_channels)
        self.fc1_m0 = nn.Linear(zero, config.hidden_channels, bias=False)
        self.fc2_m0 = nn.Linear(config.hidden_channels, zero, bias=False)
        self.so2_conv = nn.ModuleList(SO2Conv(config, m) for m in range(1, config.mmax + 1))

    def weights(self) -> list[OrderWeights]:
        """Of all orders."""
        zero = OrderWeights(
            self.fc1_dist0.weight,
            self.fc1_dist0.bias,
            (self.fc1_m0.weight,),
            (self.fc2_m0.weight,),
        )
        return [zero, *(convolution.weights() for convolution in self.so2_conv)]


def listed(orders: Sequence[OrderWeights]) -> list[Tensor]:
    """Weights one after the other."""
    return [
        weight
        for order in orders
        for weight in (order.steering, order.bias, *order.first, *order.last)
    ]


def unlisted(weights: Sequence[Tensor], n_orders: int) -> list[OrderWeights]:
    """The reverse of :func:`listed`."""
    rest, orders = list(weights), []
    for m in range(n_orders):
        parts = 2 if m else 1
        steering, bias, *others = rest[: 2 + 2 * parts]
        del rest[: 2 + 2 * parts]
        orders.append(OrderWeights(steering, bias, tuple(others[:parts]), tuple(others[parts:])))
    return orders


def first_weights(orders: Sequence[OrderWeights], degree: int, channels: int) -> Tensor:
    """What all orders have for the rows of a degree.

    Returns:
        those of m = 0, then of the real and imaginary part of m = 1, 2, ...: [parts * H, C].
    """
    weights = [
        weight.split(channels, 1)[degree - m]
        for m, order in enumerate(orders[: degree + 1])
        for weight in order.first
    ]
    return torch.cat(weights)
