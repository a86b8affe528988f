"""Linear maps in the frame of an edge, order by order, steered by edge features (escn.md)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from .config import ESCNConfig


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

    def forward(self, x_m: Tensor, x_edge: Tensor) -> Tensor:
        """[S, 2 (+m, -m), width] -> the same."""
        real_weight, imaginary_weight = silu(self.fc1_dist(x_edge)).unsqueeze(1).chunk(2, 2)
        flat = x_m.reshape(-1, x_m.shape[2])  # one product over both orders, not one per slot
        real = self._mixed(self.fc1_r(flat), real_weight, self.fc2_r)
        imaginary = self._mixed(self.fc1_i(flat), imaginary_weight, self.fc2_i)
        plus = real[:, 0] - imaginary[:, 1]
        minus = real[:, 1] + imaginary[:, 0]
        return torch.stack([plus, minus], 1)

    @staticmethod
    def _mixed(hidden: Tensor, weight: Tensor, last: nn.Module) -> Tensor:
        """[2 S, H], weights [S, 1, H] -> [S, 2, width]."""
        weighted = hidden.unflatten(0, (-1, 2)) * weight
        return last(weighted.flatten(0, 1)).unflatten(0, (-1, 2))


class SO2Block(nn.Module):
    """All orders; rows as in :func:`~.tables.frame_rows`."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        self.channels = config.sphere_channels
        zero = (config.lmax + 1) * config.sphere_channels
        self.sizes = [config.lmax + 1]
        self.sizes += [2 * (config.lmax - m + 1) for m in range(1, config.mmax + 1)]
        self.fc1_dist0 = nn.Linear(config.edge_channels, config.hidden_channels)
        self.fc1_m0 = nn.Linear(zero, config.hidden_channels, bias=False)
        self.fc2_m0 = nn.Linear(config.hidden_channels, zero, bias=False)
        self.so2_conv = nn.ModuleList(SO2Conv(config, m) for m in range(1, config.mmax + 1))

    def forward(self, x: Tensor, x_edge: Tensor) -> Tensor:
        """[S, rows, C] -> the same."""
        zero, *pairs = x.split(self.sizes, 1)
        gate = silu(self.fc1_dist0(x_edge))
        results = [self.fc2_m0(self.fc1_m0(zero.flatten(1)) * gate)]
        for convolution, pair in zip(self.so2_conv, pairs, strict=True):
            both = pair.reshape(-1, 2, pair.shape[1] // 2 * self.channels)
            results.append(convolution(both, x_edge).flatten(1))
        return torch.cat(results, 1).unflatten(1, (-1, self.channels))
