"""Messages: rotate to the edge frame, mix, attend, rotate back (sezm.md 3.7.2 - 3.7.7).

Node stage in: :meth:`SO2Convolution.prepare`. Edge stage: :meth:`SO2Convolution.messages`. Node
stage out: :meth:`SO2Convolution.finish`. The edge stage alone sees edges; it may run over tiles of
rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, NeighborRows, rotate_sources, sum_to_targets
from .attention import Attention, AttentionWeights
from .degrees import degree_of_rows, n_rows
from .embedding import add_type_tables
from .geometry import EdgeGeometry
from .grid_net import CrossGridNet
from .linear import ChannelLinear, SO3Linear, weight_parameter
from .norm import ScalarRMSNorm
from .radial import DynamicRadialDegreeMixer
from .so2 import SO2Gate, SO2Linear

FOCUS_FLOOR = 0.02
"""Share of the focus competition that is split evenly (sezm.md 3.7.6)."""


class SO2Convolution(nn.Module):
    """One convolution of an interaction block; keyword names as in DeePMD-kit."""

    def __init__(
        self,
        *,
        lmax: int,
        mmax: int,
        channels: int,
        n_focus: int = 1,
        focus_dim: int = 0,
        focus_norm: bool = True,
        mixing_layers: int = 4,
        n_atten_head: int = 1,
        radial_so2_mode: str = "none",
        radial_so2_rank: int = 0,
        message_node_so3: bool = False,
        message_node_grid_mlp: bool = False,
        message_node_grid_branch: int = 0,
        eps: float = 1e-7,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.mmax, self.n_focus = lmax, mmax, n_focus
        self.focus_dim = focus_dim or channels
        hidden = n_focus * self.focus_dim
        self.pre_focus_mix = SO3Linear(
            lmax=lmax, in_channels=channels, out_channels=hidden, dtype=dtype
        )
        self.post_focus_mix = SO3Linear(
            lmax=lmax, in_channels=hidden, out_channels=channels, dtype=dtype
        )
        self.radial_hidden_proj = (
            ChannelLinear(in_channels=channels, out_channels=hidden, bias=False, dtype=dtype)
            if hidden != channels
            else None
        )
        self.radial_degree_mixer = (
            None
            if radial_so2_mode == "none"
            else DynamicRadialDegreeMixer(
                lmax=lmax,
                mmax=mmax,
                channels=hidden,
                mode=radial_so2_mode,
                rank=radial_so2_rank,
                dtype=dtype,
            )
        )
        width = {"channels": self.focus_dim, "n_focus": n_focus, "dtype": dtype}
        self.so2_linears = nn.ModuleList(
            SO2Linear(
                lmax=lmax,
                mmax=mmax,
                in_channels=self.focus_dim,
                out_channels=self.focus_dim,
                n_focus=n_focus,
                dtype=dtype,
            )
            for _ in range(mixing_layers)
        )
        self.non_linearities = nn.ModuleList(
            SO2Gate(lmax=lmax, **width) for _ in range(mixing_layers - 1)
        )
        if n_focus > 1:
            self.focus_compete_norm = ScalarRMSNorm(eps=eps, **width) if focus_norm else None
            self.adamw_focus_compete_w = weight_parameter(self.focus_dim, n_focus, dtype=dtype)
        self.attn = Attention(n_heads=n_atten_head, eps=eps, **width)
        self.message_node_grid_product = (
            CrossGridNet(
                lmax=lmax,
                op="branch"
                if message_node_grid_branch > 0
                else "mlp"
                if message_node_grid_mlp
                else "glu",
                n_branches=message_node_grid_branch,
                **width,
            )
            if message_node_so3
            else None
        )
        self._edge_frame_buffers(dtype)

    # -- node stage in --------------------------------------------------------------------------

    def prepare(self, x: Tensor) -> Tensor:
        """Features that messages carry: [N, D, 1, C] -> [N, D, 1, F * focus_dim]."""
        return self.pre_focus_mix(x)

    # -- edge stage -----------------------------------------------------------------------------

    def messages(
        self,
        features: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: Tensor,
        type_table: Tensor,
        last_radial_weight: Tensor,
    ) -> Tensor:
        """Weighted sum over neighbours of the mixed messages.

        Args:
            features: [N, D, 1, F * focus_dim] of :meth:`prepare`.
            edges: geometry of the slots.
            rows: of the call.
            types: [N].
            type_table: [T+1, C] type embedding.
            last_radial_weight: [hidden, (lmax_0 + 1) C] of the radial network.

        Returns:
            [N, D, F, focus_dim].
        """
        n_atoms = features.shape[0]
        features = features.squeeze(2)
        radial_weight, type_weight = self._radial_weights(last_radial_weight, type_table)
        scalars = features[:, 0].reshape(n_atoms, self.n_focus, self.focus_dim)
        logits = self._radial_logits(radial_weight, type_weight, edges, rows, types)
        attention = self.attn(scalars, logits, edges, rows)
        local = self._to_edge_frame(features, radial_weight, type_weight, edges, rows, types)
        competition = self._focus_competition(local[0])
        local = self._mix(local)
        summed = self._sum_back(local, attention, competition, edges, rows, n_atoms)
        return self._normalise(summed, attention)

    def _radial_weights(self, last: Tensor, type_table: Tensor) -> tuple[Tensor, Tensor]:
        """From radial hidden features, and from types, to hidden radial features rho.

        Returns:
            [hidden, L+1, F * focus_dim] and [T+1, F * focus_dim], the same for every degree.
        """
        weight = last.reshape(last.shape[0], -1, type_table.shape[1])[:, : self.lmax + 1]
        if self.radial_hidden_proj is None:
            return weight, type_table
        return weight @ self.radial_hidden_proj.weight, self.radial_hidden_proj(type_table)

    def _radial_logits(
        self,
        radial: Tensor,
        by_type: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: Tensor,
    ) -> Tensor:
        """Logits from the l = 0 row of rho: [S, A]."""
        to_logits = self.attn.radial_logit_weight()
        table = by_type @ to_logits
        return edges.radial @ (radial[:, 0] @ to_logits) + add_type_tables(
            table, table, rows, types
        )

    def _to_edge_frame(
        self,
        features: Tensor,
        radial: Tensor,
        by_type: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: Tensor,
    ) -> list[Tensor]:
        """Source features, rotated and radially modulated, in the layout of :mod:`.so2`."""
        if self.radial_degree_mixer is None:
            local = rotate_sources(features, self._rotation(edges.wigner), rows)
            rho = self._rho(radial, by_type, edges, rows, types)
            local = local * rho.index_select(1, self.degree_of_frame_row)
        else:
            basis = self.radial_degree_mixer.channel_basis
            copies = (features.unsqueeze(1) * basis.unsqueeze(1)).flatten(1, 2)  # [N, r D, Ch]
            matrices = self._modulated_rotation(radial, by_type, edges, rows, types)
            local = rotate_sources(copies, matrices, rows)
        return self._split_orders(local)

    def _rho(
        self,
        radial: Tensor,
        by_type: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: Tensor,
    ) -> Tensor:
        """Radial features of each degree: [S, L+1, Ch]."""
        from_radial = (edges.radial @ radial.flatten(1)).unflatten(1, (self.lmax + 1, -1))
        return from_radial + add_type_tables(by_type, by_type, rows, types).unsqueeze(1)

    def _modulated_rotation(
        self,
        radial: Tensor,
        by_type: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: Tensor,
    ) -> Tensor:
        """Radial kernel times rotation: [S, frame rows, r D].

        A column of D belongs to one degree, so the product over degrees picks a single kernel entry
        per element: kernel columns are laid out by packed row and multiplied.
        """
        rank = self.radial_degree_mixer.rank
        d = n_rows(self.lmax)
        kernel_weights = self._kernel_weights()  # [(L+1) Ch, K]
        from_radial = radial.flatten(1) @ kernel_weights
        table = by_type @ kernel_weights.unflatten(0, (self.lmax + 1, -1)).sum(0)
        kernels = edges.radial @ from_radial + add_type_tables(table, table, rows, types)
        parts = kernels.split([(self.lmax - m + 1) * rank * d for m in range(self.mmax + 1)], 1)
        blocks = []
        for m, part in enumerate(parts):
            degrees = self.lmax - m + 1
            kernel = part.reshape(-1, degrees, 1, rank, d)
            rotation = self._wigner_order(edges.wigner, m).unsqueeze(1).unsqueeze(3)
            blocks.append((kernel * rotation).reshape(kernel.shape[0], -1, rank * d))
        return torch.cat(blocks, 1)

    def _kernel_weights(self) -> Tensor:
        """Mixer weights, columns (l_out, rank, packed row) for m = 0, 1, ...: [(L+1) Ch, K]."""
        columns = []
        for m, block in enumerate(self.radial_degree_mixer.kernel_blocks()):
            absent = block.new_zeros((block.shape[0], m, *block.shape[2:]))
            by_degree = torch.cat([absent, block], 1) if m else block
            by_row = by_degree.index_select(1, self.degree_of_row)  # [.., D, l_out, rank]
            columns.append(by_row.permute(0, 2, 3, 1).flatten(1))
        return torch.cat(columns, 1)

    def _wigner_order(self, wigner: Tensor, m: int) -> Tensor:
        """Rows -m, +m (or 0) of the stored Wigner rows: [S, 1 or 2, D]."""
        return wigner[:, :1, : n_rows(self.lmax)] if m == 0 else wigner[:, 1:, : n_rows(self.lmax)]

    def _rotation(self, wigner: Tensor) -> Tensor:
        """The rotation as a matrix of frame rows by packed rows: [S, M, D]."""
        rows = wigner[:, :, : n_rows(self.lmax)].index_select(1, self.order_of_frame_row)
        return rows * self.same_degree

    def _split_orders(self, local: Tensor) -> list[Tensor]:
        """[S, M, F * focus_dim] -> one [F, S, rows * focus_dim] per order."""
        local = local.unflatten(2, (self.n_focus, -1)).permute(2, 0, 1, 3)
        sizes = [(self.lmax - m + 1) * (1 if m == 0 else 2) for m in range(self.mmax + 1)]
        return [part.flatten(2) for part in local.split(sizes, 2)]

    def _focus_competition(self, first: Tensor) -> Tensor | None:
        """Weight of each focus stream from its scalars: [S, F], or None for one stream."""
        if self.n_focus == 1:
            return None
        scalars = first[:, :, : self.focus_dim].transpose(0, 1)  # [S, F, focus_dim]
        if self.focus_compete_norm is not None:
            scalars = self.focus_compete_norm(scalars)
        logits = (scalars * self.adamw_focus_compete_w.T).sum(2)
        share = torch.softmax(logits, 1) * (1.0 - FOCUS_FLOOR)
        return share + FOCUS_FLOOR / self.n_focus

    def _mix(self, local: list[Tensor]) -> list[Tensor]:
        """Residual SO(2) layers; the last has no activation, so its residual is in the weight."""
        for i, linear in enumerate(self.so2_linears):
            matrices = linear.matrices()
            if i == len(self.so2_linears) - 1:
                matrices = [matrix + _identity(matrix) for matrix in matrices]
            mixed = [part @ matrix for part, matrix in zip(local, matrices, strict=True)]
            if i == len(self.so2_linears) - 1:
                return mixed
            mixed = self.non_linearities[i](mixed)
            local = [part + update for part, update in zip(local, mixed, strict=True)]
        return local

    def _sum_back(
        self,
        local: list[Tensor],
        attention: AttentionWeights,
        competition: Tensor | None,
        edges: EdgeGeometry,
        rows: NeighborRows,
        n_atoms: int,
    ) -> Tensor:
        """sum over neighbours of weight * D^T message: [N, D, Ch]."""
        weights = attention.numerator.unflatten(1, (self.n_focus, -1))  # [S, F, H]
        if competition is not None:
            weights = weights * competition.unsqueeze(2)
        heads = weights.shape[2]
        parts = [part.unflatten(2, (-1, self.focus_dim)) for part in local]
        message = torch.cat(parts, 2).permute(1, 2, 0, 3)  # [S, M, F, focus_dim]
        wigner = edges.wigner
        if self.n_focus * heads == 1:
            wigner = wigner * weights
        else:
            split = message.unflatten(3, (heads, -1))
            message = split * weights.unsqueeze(1).unsqueeze(4)
        # Rotation back and sum over a row's slots are one product of depth ROW_WIDTH * M.
        by_row = (-1, ROW_WIDTH * len(self.degree_of_frame_row))
        rotation = self._rotation(wigner).reshape(*by_row, n_rows(self.lmax))
        message = message.reshape(*by_row, self.n_focus * self.focus_dim)
        return sum_to_targets(torch.bmm(rotation.transpose(1, 2), message), rows, n_atoms)

    def _normalise(self, summed: Tensor, attention: AttentionWeights) -> Tensor:
        """Attention scale per head, and the rescaling of degrees whose orders are truncated."""
        heads = attention.scale.shape[1] // self.n_focus
        n_atoms, d, _ = summed.shape
        by_head = summed.reshape(n_atoms, d, self.n_focus * heads, -1)
        scaled = by_head * attention.scale[:, None, :, None] * self.truncation_scale
        return scaled.reshape(n_atoms, d, self.n_focus, self.focus_dim)

    # -- node stage out -------------------------------------------------------------------------

    def finish(self, summed: Tensor, features: Tensor) -> Tensor:
        """[N, D, F, focus_dim] sums, [N, D, 1, Ch] prepared features -> [N, D, 1, C]."""
        if self.message_node_grid_product is not None:
            context = features.reshape(summed.shape)
            summed = summed + self.message_node_grid_product.cross(summed, context)
        return self.post_focus_mix(summed.flatten(2).unsqueeze(2))

    def _edge_frame_buffers(self, dtype: torch.dtype) -> None:
        """Degrees and stored orders of the frame rows, and the factor of truncated degrees."""
        degrees = degree_of_rows(self.lmax)
        frame = [(degree, 0) for degree in range(self.lmax + 1)]
        frame += [
            (degree, order)
            for m in range(1, self.mmax + 1)
            for degree in range(m, self.lmax + 1)
            for order in (1, 2)  # position of -m and +m in the stored Wigner rows
        ]
        same = [[float(degree == d) for d in degrees] for degree, _ in frame]
        scale = [
            math.sqrt((2 * d + 1) / (2 * self.mmax + 1)) if d > self.mmax else 1.0 for d in degrees
        ]
        buffers = {
            "degree_of_row": torch.tensor(degrees),
            "degree_of_frame_row": torch.tensor([degree for degree, _ in frame]),
            "order_of_frame_row": torch.tensor([order for _, order in frame]),
            "same_degree": torch.tensor(same, dtype=dtype),
            "truncation_scale": torch.tensor(scale, dtype=dtype).reshape(1, -1, 1, 1),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)


def _identity(matrix: Tensor) -> Tensor:
    return torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
