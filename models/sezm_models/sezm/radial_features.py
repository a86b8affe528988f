"""Radial features of a block, and what is linear in them (sezm.md 3.3)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows
from .geometry import EdgeGeometry
from .linear import ChannelLinear, weight_parameter
from .type_features import TypeFeatures


@dataclass(frozen=True)
class RadialFeatures:
    """Radial features rho of a block's edges: Q[e, l, c] = R[e, l, c] + t_source + t_target.

    Attributes:
        lmax: L of the block.
        edges, rows: of the call.
        types: C type features.
        projection: from C to the block's Ch channels, where these differ.
    """

    lmax: int
    edges: EdgeGeometry
    rows: NeighborRows
    types: TypeFeatures
    projection: ChannelLinear | None

    @cached_property
    def degrees(self) -> Tensor:
        """[S, L+1, Ch]."""
        channels = self.types.table.shape[1]
        of_radius = self.edges.radial.unflatten(1, (-1, channels))[:, : self.lmax + 1]
        rho = of_radius + self.types.of_edges(self.rows).unsqueeze(1)
        return rho if self.projection is None else self.projection(rho)


class RadialMap(nn.Module, ABC):
    """A linear map of radial features, of which :meth:`matrix` is the matrix.

    Args:
        lmax: L.
        channels: Ch.
    """

    def __init__(self, lmax: int, channels: int) -> None:
        super().__init__()
        self.lmax, self.channels = lmax, channels

    @abstractmethod
    def forward(self, radial: RadialFeatures) -> Tensor:
        """[S, Z]."""

    @abstractmethod
    def matrix(self) -> Tensor:
        """[(L+1) Ch, Z]: the map of degree-major flattened features."""


class RadialDegrees(RadialMap):
    """The features themselves."""

    def __init__(self, lmax: int, channels: int, *, dtype: torch.dtype) -> None:
        super().__init__(lmax, channels)
        self.dtype = dtype

    def forward(self, radial: RadialFeatures) -> Tensor:
        """[S, (L+1) Ch]."""
        return radial.degrees.flatten(1)

    def matrix(self) -> Tensor:
        """The identity."""
        return torch.eye((self.lmax + 1) * self.channels, dtype=self.dtype)


class RadialScalars(RadialDegrees):
    """Those of l = 0."""

    def forward(self, radial: RadialFeatures) -> Tensor:
        """[S, Ch]."""
        return radial.degrees[:, 0]

    def matrix(self) -> Tensor:
        """The first columns of the identity."""
        return super().matrix()[:, : self.channels]


class RadialLogits(RadialMap):
    """Share of the attention's logits: a product with l = 0 per focus stream and head."""

    def __init__(
        self, lmax: int, *, channels: int, n_focus: int, n_heads: int, dtype: torch.dtype
    ) -> None:
        super().__init__(lmax, n_focus * channels)
        self.logit_w = weight_parameter(channels, n_focus, n_heads, dtype=dtype)

    def forward(self, radial: RadialFeatures) -> Tensor:
        """[S, F H]."""
        return radial.degrees[:, 0] @ self._of_scalars()

    def matrix(self) -> Tensor:
        """Zero in the rows of l >= 1."""
        of_scalars = self._of_scalars()
        absent = of_scalars.new_zeros((self.lmax * self.channels, of_scalars.shape[1]))
        return torch.cat([of_scalars, absent])

    def _of_scalars(self) -> Tensor:
        """[F channels, F H]."""
        return torch.block_diag(*self.logit_w.transpose(0, 1).unbind(0))


class RadialKernels(RadialMap):
    """Entries of the kernels that mix degrees (see :mod:`.degree_mixer`)."""

    def __init__(self, lmax: int, channels: int, entries: int, *, dtype: torch.dtype) -> None:
        super().__init__(lmax, channels)
        self.weight = weight_parameter((lmax + 1) * channels, entries, dtype=dtype)

    def forward(self, radial: RadialFeatures) -> Tensor:
        """[S, entries]."""
        return radial.degrees.flatten(1) @ self.weight

    def matrix(self) -> Tensor:
        """The weight."""
        return self.weight
