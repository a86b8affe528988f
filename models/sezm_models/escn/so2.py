"""Linear maps in the frame of an edge, order by order, steered by edge features (escn.md).

Orders are taken apart: m = 0, +1, -1, +2, ... Each has a hidden layer, of which the parts that two
blocks give are multiplied with their last weights in one product, degree by degree.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, silu

from .config import ESCNConfig

Parts = tuple[Tensor, ...]


class SO2Conv(nn.Module):
    """Order m > 0: a pair of rows (+m, -m) per degree, mixed like a complex number."""

    def __init__(self, config: ESCNConfig, m: int) -> None:
        super().__init__()
        width = (config.lmax - m + 1) * config.sphere_channels
        hidden = config.hidden_channels
        self.fc1_dist = nn.Linear(config.edge_channels, 2 * hidden)
        self.fc1_r = nn.Linear(width, hidden, bias=False)
        self.fc2_r = nn.Linear(hidden, width, bias=False)
        self.fc1_i = nn.Linear(width, hidden, bias=False)
        self.fc2_i = nn.Linear(hidden, width, bias=False)

    def hidden(self, plus: Tensor, minus: Tensor, x_edge: Tensor) -> tuple[Parts, Parts]:
        """Rows +m and -m, [E, width] each, -> what ``fc2_r`` and ``fc2_i`` take for each."""
        weight = silu(self.fc1_dist(x_edge))
        first = torch.cat([self.fc1_r.weight, self.fc1_i.weight])
        real_plus, imaginary_plus = (linear(plus, first) * weight).chunk(2, 1)
        real_minus, imaginary_minus = (linear(minus, first) * weight).chunk(2, 1)
        return (real_plus, -imaginary_minus), (real_minus, imaginary_plus)


class SO2Block(nn.Module):
    """All orders; rows as in :func:`~.tables.frame_rows`."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        zero = (config.lmax + 1) * config.sphere_channels
        self.sizes = [config.lmax + 1]
        for m in range(1, config.mmax + 1):
            self.sizes += 2 * [config.lmax - m + 1]
        self.fc1_dist0 = nn.Linear(config.edge_channels, config.hidden_channels)
        self.fc1_m0 = nn.Linear(zero, config.hidden_channels, bias=False)
        self.fc2_m0 = nn.Linear(config.hidden_channels, zero, bias=False)
        self.so2_conv = nn.ModuleList(SO2Conv(config, m) for m in range(1, config.mmax + 1))

    def hidden(self, x: Tensor, x_edge: Tensor) -> list[Parts]:
        """[E, rows, C] -> hidden layers of the orders 0, +1, -1, ..., [E, H] each.

        Of scalars alone, [E, 1, C], only order 0 has one that is not zero.
        """
        if x.shape[1] == 1:
            scalars = linear(x.flatten(1), self.fc1_m0.weight[:, : x.shape[2]])
            return [(scalars * silu(self.fc1_dist0(x_edge)),)]
        zero, *others = (rows.flatten(1) for rows in x.split(self.sizes, 1))
        results: list[Parts] = [(self.fc1_m0(zero) * silu(self.fc1_dist0(x_edge)),)]
        for convolution, plus, minus in zip(self.so2_conv, others[::2], others[1::2], strict=True):
            results += convolution.hidden(plus, minus, x_edge)
        return results

    def first_weights(self, degree: int) -> Tensor:
        """What all orders have for the rows of a degree, [width, C].

        Returns:
            ``fc1_m0``, then ``fc1_r`` and ``fc1_i`` of m = 1, 2, ..., H rows each.
        """
        channels = self.fc1_m0.weight.shape[1] // self.sizes[0]
        weights = [self.fc1_m0.weight.split(channels, 1)[degree]]
        for m, convolution in enumerate(self.so2_conv[:degree], 1):
            for layer in (convolution.fc1_r, convolution.fc1_i):
                weights.append(layer.weight.split(channels, 1)[degree - m])
        return torch.cat(weights)

    def steering(self) -> list[nn.Linear]:
        """Layers of edge features, by which the hidden layers of each order are multiplied."""
        layers: list[nn.Linear] = [self.fc1_dist0]
        for convolution in self.so2_conv:
            layers.append(convolution.fc1_dist)
        return layers

    def last_weights(self) -> list[Parts]:
        """By which the hidden layers are multiplied: [degrees * C, H] each."""
        results: list[Parts] = [(self.fc2_m0.weight,)]
        for convolution in self.so2_conv:
            results += 2 * [(convolution.fc2_r.weight, convolution.fc2_i.weight)]
        return results


def sum_of_blocks(source: SO2Block, target: SO2Block, hidden: list[Parts], channels: int) -> Tensor:
    """What two blocks give together.

    Args:
        source: block of the atoms at the sources of edges.
        target: that of those at the targets.
        hidden: parts of both, those of ``source`` first, of the orders 0, +1, -1, ...; only of the
            first ones if the others are zero.
        channels: C.

    Returns:
        [rows, E, C], rows of the orders that are there.
    """
    weights = zip(source.last_weights(), target.last_weights(), strict=True)
    planes: list[Tensor] = []
    for parts, (of_source, of_target) in zip(hidden, weights, strict=False):
        together = torch.cat(parts, 1)
        weight = torch.cat([*of_source, *of_target], 1)
        planes += [linear(together, of_degree) for of_degree in weight.split(channels)]
    return torch.stack(planes)
