"""Radial features of a block, and the kernels made of them (sezm.md 3.3, 3.7.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows
from .geometry import EdgeGeometry
from .linear import weight_parameter
from .type_features import TypeFeatures


@dataclass(frozen=True)
class RadialFeatures:
    """rho[s, l, h] = edges.radial @ of_edge[:, l] + of_atom[source] + of_atom[target].

    It is linear in what is known before the call, so a product with weights is multiplied into
    those, and rho itself is made only where its elements are needed.

    Attributes:
        of_edge: [hidden, L+1, Ch].
        of_atom: Ch type features, the same for every degree.
        edges, rows: of the call.
    """

    of_edge: Tensor
    of_atom: TypeFeatures
    edges: EdgeGeometry
    rows: NeighborRows

    def all_degrees(self) -> Tensor:
        """[S, L+1, Ch]."""
        from_radial = self.edges.radial @ self.of_edge.flatten(1)
        from_types = self.of_atom.of_edges(self.rows)
        return from_radial.unflatten(1, self.of_edge.shape[1:]) + from_types.unsqueeze(1)

    def scalars(self) -> Tensor:
        """The l = 0 row: [S, Ch]."""
        return self._product(self.of_edge[:, 0], self.of_atom)

    def scalars_times(self, weight: Tensor) -> Tensor:
        """The l = 0 row times [Ch, A]: [S, A]."""
        return self._product(self.of_edge[:, 0] @ weight, self.of_atom.times(weight))

    def times(self, weight: Tensor) -> Tensor:
        """All degrees, flattened, times [(L+1) Ch, K]: [S, K]."""
        per_degree = weight.unflatten(0, (self.of_edge.shape[1], -1))
        of_atom = self.of_atom.times(per_degree.sum(0))
        return self._product(self.of_edge.flatten(1) @ weight, of_atom)

    def _product(self, of_edge: Tensor, of_atom: TypeFeatures) -> Tensor:
        return self.edges.radial @ of_edge + of_atom.of_edges(self.rows)


class DynamicRadialDegreeMixer(nn.Module):
    """Radial kernels that mix degrees of equal order in the edge frame (sezm.md 3.7.4).

    ``weight`` [(lmax+1) * channels, n_kernel * width] gives, for m = 0 .. mmax, blocks of kernel
    entries with the index l_in * (lmax-m+1) + l_out, degrees counted from m. A kernel entry acts

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
        self.weight = weight_parameter((lmax + 1) * channels, n_kernel * self.width, dtype=dtype)
        self.channel_basis = (
            weight_parameter(rank, channels, dtype=dtype)
            if mode == "degree_channel" and rank > 0
            else None
        )

    def kernel_blocks(self) -> list[Tensor]:
        """Per order m: [(lmax+1) * channels, l_in, l_out, width]."""
        sizes = [(self.lmax - m + 1) ** 2 * self.width for m in range(self.mmax + 1)]
        blocks = self.weight.split(sizes, 1)
        return [
            block.reshape(-1, self.lmax - m + 1, self.lmax - m + 1, self.width)
            for m, block in enumerate(blocks)
        ]

    def apply_per_channel(self, local: Tensor, radial: RadialFeatures) -> Tensor:
        """Kernels of every channel on features in the edge frame: [S, frame rows, Ch] -> same."""
        kernels = radial.times(self.weight)
        degrees = [self.lmax - m + 1 for m in range(self.mmax + 1)]
        signs = [1 if m == 0 else 2 for m in range(self.mmax + 1)]
        parts = local.split([n * sign for n, sign in zip(degrees, signs, strict=True)], 1)
        blocks = kernels.split([n * n * self.width for n in degrees], 1)
        mixed = []
        for n, part, block in zip(degrees, parts, blocks, strict=True):
            by_degree = part.reshape(part.shape[0], -1, n, 1, self.width)  # [S, sign, l_in, 1, Ch]
            kernel = block.reshape(part.shape[0], 1, n, n, self.width)
            mixed.append((by_degree * kernel).sum(2).flatten(1, 2))
        return torch.cat(mixed, 1)
