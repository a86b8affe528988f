"""What an edge sends: source features under the radial features of the edge (sezm.md 3.7.3, 3.7.4).

Each kind of message gives [S, rows, F, focus_dim] and the scalars [S, F, focus_dim] on which
focus streams compete.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, gather_sources, rotate_sources
from .degree_mixer import DynamicRadialDegreeMixer
from .degrees import degree_of_rows
from .edge_frame import EdgeFrame
from .grid_net import CrossGridNet
from .radial_features import RadialDegrees, RadialFeatures, RadialScalars
from .so2_mixing import SO2Mixing


class LocalMessages(nn.Module):
    """Rotated to the frame of the edge, modulated and mixed there.

    Args:
        lmax, mmax: of the features in the frame.
        focus_dim, n_focus: width of a focus stream, and their number.
        radial_so2_mode, radial_so2_rank: of the radial modulation.
        mixing: options of :class:`SO2Mixing`.
        node_wise: options of the product with the target's features, or None.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        lmax: int,
        mmax: int,
        focus_dim: int,
        n_focus: int,
        radial_so2_mode: str,
        radial_so2_rank: int,
        mixing: dict[str, Any],
        node_wise: dict[str, Any] | None,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.focus_dim, self.n_focus = lmax, focus_dim, n_focus
        self.frame = EdgeFrame(lmax, mmax, dtype=dtype)
        width = {"channels": focus_dim, "n_focus": n_focus, "dtype": dtype}
        hidden = focus_dim * n_focus
        self.source = RotatedSources(
            self.frame, channels=hidden, mode=radial_so2_mode, rank=radial_so2_rank, dtype=dtype
        )
        self.node_wise_grid_product = (
            None if node_wise is None else CrossGridNet(lmax=lmax, mmax=mmax, **width, **node_wise)
        )
        self.mixing = SO2Mixing(self.frame, **width, **mixing)
        self.radial_scalars = (
            RadialScalars(lmax, hidden, dtype=dtype) if self.mixing.has_bias else None
        )

    def forward(self, features: Tensor, radial: RadialFeatures) -> tuple[Tensor, Tensor]:
        """Features [N, D, Ch] to messages and scalars."""
        local = self.source(features, radial)
        if self.node_wise_grid_product is not None:
            target = self._target_features(local, features, radial)
            product = self.node_wise_grid_product(self._by_degree(local), target)
            local = local + product.flatten(2).index_select(1, self.frame.rows_by_order)
        parts = self.frame.split_orders(local, self.n_focus)
        scalars = parts[0][:, :, : self.focus_dim].transpose(0, 1)
        parts = self.mixing(parts, self._bias_factor(radial))
        return self.frame.join_orders(parts, self.focus_dim), scalars

    def _bias_factor(self, radial: RadialFeatures) -> Tensor | None:
        """rho_l0 w, which the bias of the first layer is multiplied with: [F, S, focus_dim]."""
        if self.radial_scalars is None:
            return None
        factor = self.radial_scalars(radial) * radial.edges.weight
        return factor.unflatten(1, (self.n_focus, -1)).transpose(0, 1)

    def _target_features(self, local: Tensor, features: Tensor, radial: RadialFeatures) -> Tensor:
        """Features of the target in the same frame, by degree: [S, M, F, focus_dim]."""
        rotation = radial.edges.frames[self.frame.key].matrix
        by_row = rotation.reshape(-1, ROW_WIDTH * rotation.shape[1], rotation.shape[2])
        target = torch.bmm(by_row, features.index_select(0, radial.rows.target))
        return self._by_degree(target.reshape(local.shape))

    def _by_degree(self, local: Tensor) -> Tensor:
        """[S, M, Ch] with rows in the order of packed ones: [S, M, F, focus_dim]."""
        by_degree = local.index_select(1, self.frame.rows_by_degree)
        return by_degree.unflatten(2, (self.n_focus, -1))


class RotatedSources(nn.Module):
    """Source features in the edge frame, radially modulated.

    Args:
        frame: rows of the result.
        channels: Ch.
        mode, rank: of the modulation (sezm.md 3.7.4).
        dtype: of all parameters.
    """

    def __init__(
        self, frame: EdgeFrame, *, channels: int, mode: str, rank: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.frame = frame
        self.radial_degrees: RadialDegrees | None = None
        self.radial_degree_mixer: DynamicRadialDegreeMixer | None = None
        if mode == "none":
            self.radial_degrees = RadialDegrees(frame.lmax, channels, dtype=dtype)
        else:
            self.radial_degree_mixer = DynamicRadialDegreeMixer(
                lmax=frame.lmax,
                mmax=frame.mmax,
                channels=channels,
                mode=mode,
                rank=rank,
                dtype=dtype,
            )

    def forward(self, features: Tensor, radial: RadialFeatures) -> Tensor:
        """[N, D, Ch] -> [S, M, Ch]."""
        rotation = radial.edges.frames[self.frame.key].matrix
        local = rotate_sources(features, rotation, radial.rows)
        if self.radial_degree_mixer is not None:
            return self.radial_degree_mixer(local, radial)
        assert self.radial_degrees is not None
        rho = self.radial_degrees(radial).unflatten(1, (-1, local.shape[2]))
        return local * rho.index_select(1, self.frame.degree_of_row)


class RadialMessages(nn.Module):
    """Source features times radial features, without rotation.

    Args:
        lmax: of the features.
        focus_dim, n_focus: width of a focus stream, and their number.
        dtype: of the features.
    """

    frame = None

    def __init__(self, *, lmax: int, focus_dim: int, n_focus: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.n_focus = n_focus
        self.radial_degrees = RadialDegrees(lmax, n_focus * focus_dim, dtype=dtype)
        degrees = torch.tensor(degree_of_rows(lmax))
        self.register_buffer("degrees", degrees, persistent=False)

    def forward(self, features: Tensor, radial: RadialFeatures) -> tuple[Tensor, Tensor]:
        """Features [N, D, Ch] to messages and scalars."""
        source = gather_sources(features.flatten(1), radial.rows)
        source = source.unflatten(1, features.shape[1:])
        rho = self.radial_degrees(radial).unflatten(1, (-1, source.shape[2]))
        message = source * rho.index_select(1, self.degrees)
        message = message.unflatten(2, (self.n_focus, -1))
        return message, message[:, 0]
