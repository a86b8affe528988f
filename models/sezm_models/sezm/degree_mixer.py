"""Radial kernels that mix degrees of equal order in the edge frame (sezm.md 3.7.4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .linear import weight_parameter
from .radial_features import RadialFeatures, RadialKernels


class DynamicRadialDegreeMixer(nn.Module):
    """Kernels from radial features, and their product with messages.

    The kernels' entries are, for m = 0 .. mmax, blocks with the index l_in * (lmax-m+1) + l_out,
    degrees counted from m. An entry acts

        mode "degree"               on all channels alike (width 1)
        "degree_channel", rank r    as a sum of r entries, each times a channel basis (width r)
        "degree_channel", rank 0    on its own channel (width ``channels``)
    """

    def __init__(
        self, *, lmax: int, mmax: int, channels: int, mode: str, rank: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.lmax, self.mmax = lmax, mmax
        self.per_channel = mode == "degree_channel" and rank == 0
        self.width = 1 if mode == "degree" else rank or channels
        n_kernel = sum((lmax - m + 1) ** 2 for m in range(mmax + 1))
        self.kernels = RadialKernels(lmax, channels, n_kernel * self.width, dtype=dtype)
        self.channel_basis = (
            weight_parameter(rank, channels, dtype=dtype)
            if mode == "degree_channel" and rank > 0
            else None
        )

    def split_orders(self, kernels: Tensor) -> list[Tensor]:
        """Kernels [S, n_kernel * width], per order m: [S, l_in, l_out, width]."""
        degrees = [self.lmax - m + 1 for m in range(self.mmax + 1)]
        blocks = kernels.split([n * n * self.width for n in degrees], 1)
        return [
            block.reshape(-1, n, n, self.width) for n, block in zip(degrees, blocks, strict=True)
        ]

    def forward(self, local: Tensor, radial: RadialFeatures) -> Tensor:
        """Kernels on features in the edge frame: [S, frame rows, Ch] -> same."""
        blocks = self.split_orders(self.kernels(radial))
        sizes = [block.shape[1] * (1 if m == 0 else 2) for m, block in enumerate(blocks)]
        mixed = []
        for block, part in zip(blocks, local.split(sizes, 1), strict=True):
            if self.channel_basis is not None:
                block = block @ self.channel_basis  # [S, l_in, l_out, Ch]
            by_sign = part.unflatten(1, (-1, block.shape[1], 1))  # [S, sign, l_in, 1, Ch]
            mixed.append((by_sign * block.unsqueeze(1)).sum(2).flatten(1, 2))
        return torch.cat(mixed, 1)
