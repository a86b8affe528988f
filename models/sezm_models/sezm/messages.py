"""What an edge sends: source features under the radial features of the edge (sezm.md 3.7.3, 3.7.4).

Each kind of message gives [S, rows, F, focus_dim] and the scalars [S, F, focus_dim] on which
focus streams compete.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, gather_sources, rotate_sources
from .degrees import degree_of_rows
from .edge_frame import EdgeFrame
from .grid_net import CrossGridNet
from .radial_features import DynamicRadialDegreeMixer, RadialFeatures
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
        self.radial_degree_mixer = (
            None
            if radial_so2_mode == "none"
            else DynamicRadialDegreeMixer(
                lmax=lmax,
                mmax=mmax,
                channels=focus_dim * n_focus,
                mode=radial_so2_mode,
                rank=radial_so2_rank,
                dtype=dtype,
            )
        )
        if self.radial_degree_mixer is not None and not self.radial_degree_mixer.per_channel:
            selection = self.frame.row_selection(self.radial_degree_mixer.width)
            self.register_buffer("select_rows", selection, persistent=False)
        self.node_wise_grid_product = (
            None if node_wise is None else CrossGridNet(lmax=lmax, mmax=mmax, **width, **node_wise)
        )
        self.mixing = SO2Mixing(self.frame, **width, **mixing)

    @property
    def degrees(self) -> Tensor:
        """Degree of each row of the message."""
        degrees: Tensor = self.frame.degree_of_row
        return degrees

    def forward(self, features: Tensor, radial: RadialFeatures) -> tuple[Tensor, Tensor]:
        """Features [N, D, Ch] to messages and scalars."""
        local = self._to_edge_frame(features, radial)
        if self.node_wise_grid_product is not None:
            local = local + self._product_with_target(local, features, radial)
        parts = self.frame.split_orders(local, self.n_focus)
        scalars = parts[0][:, :, : self.focus_dim].transpose(0, 1)
        parts = self.mixing(parts, self._bias_factor(radial))
        return self.frame.join_orders(parts, self.focus_dim), scalars

    def _bias_factor(self, radial: RadialFeatures) -> Tensor | None:
        """rho_l0 w, which the bias of the first layer is multiplied with: [F, S, focus_dim]."""
        if not self.mixing.has_bias:
            return None
        factor = radial.scalars() * radial.edges.weight
        return factor.unflatten(1, (self.n_focus, -1)).transpose(0, 1)

    def _to_edge_frame(self, features: Tensor, radial: RadialFeatures) -> Tensor:
        """Source features, rotated and radially modulated: [S, M, Ch]."""
        mixer, rows = self.radial_degree_mixer, radial.rows
        if mixer is None or mixer.per_channel:
            local = rotate_sources(features, self.frame.rotation(radial.edges.wigner), rows)
            if mixer is not None:
                return mixer.apply_per_channel(local, radial)
            return local * radial.all_degrees().index_select(1, self.degrees)
        if mixer.channel_basis is not None:
            copies = features.unsqueeze(1) * mixer.channel_basis.unsqueeze(1)
            features = copies.flatten(1, 2)  # [N, r D, Ch]
        return rotate_sources(features, self._modulated_rotation(mixer, radial), rows)

    def _modulated_rotation(
        self, mixer: DynamicRadialDegreeMixer, radial: RadialFeatures
    ) -> Tensor:
        """Radial kernel times rotation: [S, frame rows, r D].

        A column of D belongs to one degree, so the product over degrees picks a single kernel entry
        per element: kernel columns are laid out by frame row, rank and packed row, and multiplied.
        """
        kernels = radial.times(self._kernel_weights(mixer))
        rotation = self.frame.select(radial.edges.wigner, self.select_rows)
        return (kernels * rotation).unflatten(1, (len(self.frame.rows), -1))

    def _kernel_weights(self, mixer: DynamicRadialDegreeMixer) -> Tensor:
        """Mixer weights, columns (frame row, rank, packed row): [(L+1) Ch, M r D]."""
        columns = []
        for m, block in enumerate(mixer.kernel_blocks()):
            absent = block.new_zeros((block.shape[0], m, *block.shape[2:]))
            by_degree = torch.cat([absent, block], 1) if m else block
            by_row = by_degree.index_select(1, self.frame.degree_of_packed_row)
            of_order = by_row.permute(0, 2, 3, 1).flatten(1)  # from [.., D, l_out, rank]
            columns += [of_order] if m == 0 else [of_order, of_order]
        return torch.cat(columns, 1)

    def _product_with_target(
        self, local: Tensor, features: Tensor, radial: RadialFeatures
    ) -> Tensor:
        """Grid product with the target's features in the same frame: [S, M, Ch]."""
        rows, frame = radial.rows, self.frame
        rotation = frame.rotation(radial.edges.wigner)
        by_row = rotation.reshape(-1, ROW_WIDTH * rotation.shape[1], rotation.shape[2])
        target = torch.bmm(by_row, features.index_select(0, rows.target)).reshape(local.shape)

        def by_degree(values: Tensor) -> Tensor:
            return values.index_select(1, frame.rows_by_degree).unflatten(2, (self.n_focus, -1))

        product = self.node_wise_grid_product.cross(by_degree(local), by_degree(target))
        return product.flatten(2).index_select(1, frame.rows_by_order)


class RadialMessages(nn.Module):
    """Source features times radial features, without rotation.

    Args:
        lmax: of the features.
        n_focus: number of focus streams.
    """

    frame = None

    def __init__(self, *, lmax: int, n_focus: int) -> None:
        super().__init__()
        self.n_focus = n_focus
        degrees = torch.tensor(degree_of_rows(lmax))
        self.register_buffer("degrees", degrees, persistent=False)

    def forward(self, features: Tensor, radial: RadialFeatures) -> tuple[Tensor, Tensor]:
        """Features [N, D, Ch] to messages and scalars."""
        source = gather_sources(features.flatten(1), radial.rows)
        source = source.unflatten(1, features.shape[1:])
        message = source * radial.all_degrees().index_select(1, self.degrees)
        message = message.unflatten(2, (self.n_focus, -1))
        return message, message[:, 0]
