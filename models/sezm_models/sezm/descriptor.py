"""The scalar features of atoms, in stages (sezm.md 3).

    edge geometry -> embedding -> per block (node stage in, edge stage, node stage out) -> read-out

Nodes meet edges only in a block's edge stage, which sums over rows of neighbours.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows
from .block import SeZMInteractionBlock
from .charge_spin import ChargeSpinEmbedding
from .config import SeZMConfig
from .degrees import n_rows
from .edge_frame import EdgeFrame
from .embedding import (
    EnvironmentInitialEmbedding,
    InitialFeatures,
    SeZMTypeEmbedding,
    inverse_degree,
)
from .ffn import EquivariantFFN
from .geometry import EdgeGeometry, EdgeGeometryStage
from .linear import weight_parameter
from .norm import ScalarRMSNorm
from .parts import block_options, degree_floor, readout_options, residual_options
from .radial import RadialBasis, RadialMLP
from .residuals import DEPENDENT, DepthAttnRes, NodeState
from .spin import SpinEmbedding
from .type_features import TypeFeatures


class SeZMDescriptor(nn.Module):
    """Scalar features of each atom; parameter names are those of the checkpoint.

    Args:
        config: a supported configuration.
        dtype: of all parameters.
        vectors: whether a head reads more than scalars from the node features.
    """

    def __init__(self, config: SeZMConfig, dtype: torch.dtype, vectors: bool = False) -> None:
        super().__init__()
        options, n_types = config.descriptor, len(config.type_map)
        channels, eps, lmax = options["channels"], options["eps"], config.initial_degree
        activation = options["activation_function"]
        self.lmax = lmax
        self.degree_floor = degree_floor(config)
        self.type_embedding = SeZMTypeEmbedding(ntypes=n_types, embed_dim=channels, dtype=dtype)
        if options["add_chg_spin_ebd"]:
            self.charge_spin_embedding = ChargeSpinEmbedding(
                channels=channels, activation_function=activation, dtype=dtype
            )
        self.radial_basis = RadialBasis(
            options["rcut"],
            options["basis_type"],
            options["n_radial"],
            dtype,
            options["env_exp"][0],
        )
        hidden = [width or channels for width in options["radial_mlp"]]
        self.radial_embedding = RadialMLP(
            [options["n_radial"], *hidden, (lmax + 1) * channels],
            activation_function=activation,
            dtype=dtype,
            radial_norm=options["edge_norm"],
        )
        self.blocks = nn.ModuleList(
            SeZMInteractionBlock(**block_options(config, index), dtype=dtype)
            for index in range(config.n_blocks)
        )
        frames = [block.so2_conv.message.frame for block in self.blocks]
        self.geometry = EdgeGeometryStage(
            lmax=lmax,
            frames=[frame for frame in frames if isinstance(frame, EdgeFrame)],
            rcut=options["rcut"],
            exponent=options["env_exp"][1],
            eps=eps,
            radial_uses_weight=config.version >= 1.1,
            window=config.window,
            dtype=dtype,
        )
        self.uses_env_seed = options["use_env_seed"]
        self.spin_embedding: SpinEmbedding | None = None
        if config.native_spin is not None:
            self.spin_embedding = SpinEmbedding(
                magnetic=config.native_spin.magnetic,
                channels=channels,
                activation_function=activation,
                dtype=dtype,
            )
        if self.uses_env_seed:
            self._make_env_seed(options, n_types, dtype)
        residuals = residual_options(options)
        self.final_full_attn_res: DepthAttnRes | None = None
        self.final_block_attn_res: DepthAttnRes | None = None
        if residuals is not None:
            final = DepthAttnRes(
                channels=channels,
                input_dependent=residuals["mode"] == DEPENDENT,
                eps=eps,
                bias=options["mlp_bias"],
                dtype=dtype,
            )
            kind = "block" if residuals["per_block"] else "full"
            setattr(self, f"final_{kind}_attn_res", final)
        self.readout_degree = 0 if options["so3_readout"] == "none" else config.final_degree
        self.wants_scalars_only = self.readout_degree == 0 and not vectors
        self.readout_pre_layers = nn.ModuleList(
            EquivariantFFN(**readout_options(config), dtype=dtype)
            for _ in range(options["readout_layers"] - 1)
        )
        self.output_ffn = EquivariantFFN(**readout_options(config), dtype=dtype)

    def _make_env_seed(self, options: dict[str, Any], n_types: int, dtype: torch.dtype) -> None:
        channels, eps = options["channels"], options["eps"]
        self.env_seed_embedding = EnvironmentInitialEmbedding(
            ntypes=n_types,
            n_radial=options["n_radial"],
            channels=channels,
            activation_function=options["activation_function"],
            mlp_bias=options["mlp_bias"],
            uses_spin=self.spin_embedding is not None,
            dtype=dtype,
        )
        self.film_scale_strength_log = weight_parameter(1, dtype=dtype)
        self.film_shift_strength_log = weight_parameter(1, dtype=dtype)
        self.film_norms = options["edge_norm"]
        if self.film_norms:
            self.film_scale_norm = ScalarRMSNorm(channels=channels, eps=eps, dtype=dtype)
            self.film_shift_norm = ScalarRMSNorm(channels=channels, eps=eps, dtype=dtype)
        self.initial_features = InitialFeatures()

    def forward(
        self,
        types: Tensor,
        rows: NeighborRows,
        batch: Tensor,
        charge_spin: Tensor | None = None,
        spins: Tensor | None = None,
    ) -> Tensor:
        """Scalar features.

        Args:
            types: [N].
            rows: edges.
            batch: [N] system of each atom.
            charge_spin: [B, 2] of each system, or None for a model that does not know it.
            spins: [N, 3] likewise; zero if None.

        Returns:
            [N, C].
        """
        return self.read_out(self.node_features(types, rows, batch, charge_spin, spins))

    def node_features(
        self,
        types: Tensor,
        rows: NeighborRows,
        batch: Tensor,
        charge_spin: Tensor | None = None,
        spins: Tensor | None = None,
    ) -> Tensor:
        """Arguments of :meth:`forward` -> features after the last block, [N, D, 1, C].

        Without ``vectors`` D rows are those that the read-out uses; else all, (lmax+1)^2.
        """
        edges = self.edge_geometry(rows, self.geometry.atom_gate(rows))
        features, moments = self.type_features(types, batch, charge_spin, spins)
        state = self.embed(types, features, edges, rows, moments)
        for index, block in enumerate(self.blocks):
            state = self.interact(index, state, block.features(state), features, edges, rows)
        return self.final_features(state)

    def type_features(
        self, types: Tensor, batch: Tensor, charge_spin: Tensor | None, spins: Tensor | None
    ) -> tuple[TypeFeatures, Tensor | None]:
        """What is known of atoms without their neighbours: features, and moments [N, 3] if any."""
        features, moments = self.type_embedding(types), None
        if charge_spin is not None:
            of_system = self.charge_spin_embedding(charge_spin)
            features = features.plus(of_system.index_select(0, batch))
        if self.spin_embedding is not None and spins is not None:
            moments = self.spin_embedding.moments(spins, types)
            features = features.plus(self.spin_embedding.of_lengths(moments, types))
        return features, moments

    def edge_geometry(self, rows: NeighborRows, gate: Tensor | None) -> EdgeGeometry:
        """Of all slots; ``gate`` [N, 1] of all atoms, from :meth:`EdgeGeometryStage.atom_gate`."""
        return self.geometry(rows, gate, self.radial_basis, self.radial_embedding)

    def embed(
        self,
        types: Tensor,
        features: TypeFeatures,
        edges: EdgeGeometry,
        rows: NeighborRows,
        moments: Tensor | None = None,
    ) -> NodeState:
        """Initial node features [N, (lmax+1)^2, 1, C]; moments [N, 3] are zero if None."""
        x = features.of_atoms()[: rows.n_targets]
        x = self._initial(types, x, edges, rows, moments)
        return NodeState(x, () if self.final_attn_res is None else (x,))

    def _initial(
        self,
        types: Tensor,
        x: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        moments: Tensor | None,
    ) -> Tensor:
        """From type features [N, C]."""
        vectors = None  # [N, 3, C]
        if self.spin_embedding is not None and moments is not None:
            own = slice(rows.n_targets)
            vectors = self.spin_embedding.on_site(moments[own], types[own])
        if self.uses_env_seed:
            z = inverse_degree(edges, rows, self.degree_floor)
            x = self._film(x, self.env_seed_embedding(edges, rows, types, z, moments))
            if vectors is not None:
                summed = self.spin_embedding.of_neighbors(moments, types, edges, rows)
                vectors = vectors + summed * z.unsqueeze(2)
        if self.uses_env_seed and self.lmax > 0:
            x = self.initial_features(x, edges, rows, z)
        else:
            x = _padded(x, self.lmax)
        return x if vectors is None else _plus_vectors(x, vectors)

    def _film(self, x: Tensor, film: Tensor) -> Tensor:
        """Type features [N, C] scaled and shifted by [N, 2 C] of the environment."""
        scale, shift = film.chunk(2, 1)
        if self.film_norms:
            scale = self.film_scale_norm(scale)
            shift = self.film_shift_norm(shift)
        scale = torch.exp(self.film_scale_strength_log) * torch.tanh(scale)
        shift = torch.exp(self.film_shift_strength_log) * torch.tanh(shift)
        return x * (1.0 + scale) + shift

    @property
    def final_attn_res(self) -> DepthAttnRes | None:
        """Attention over the history of the blocks, if there is any."""
        return self.final_full_attn_res or self.final_block_attn_res

    def interact(
        self,
        index: int,
        state: NodeState,
        features: Tensor,
        types: TypeFeatures,
        edges: EdgeGeometry,
        rows: NeighborRows,
    ) -> NodeState:
        """One block, from its :meth:`~SeZMInteractionBlock.features` [N, D, 1, Ch] of all atoms;
        the last gives only what is wanted."""
        block = self.blocks[index]
        summed = block.so2_conv.messages(features, edges, rows, types)
        is_last = index == len(self.blocks) - 1
        own = features[: rows.n_targets]
        return block.update(state, own, summed, is_last and self.wants_scalars_only)

    def final_features(self, state: NodeState) -> Tensor:
        """State after the last block -> result of :meth:`node_features`."""
        if self.final_attn_res is not None:
            return self.final_attn_res(state.history, state.x)
        return state.x

    def read_out(self, x: Tensor) -> Tensor:
        """Result of :meth:`node_features` -> scalar descriptor [N, C]."""
        x = x[:, : n_rows(self.readout_degree)]
        for layer in self.readout_pre_layers:
            x = x + layer(x)
        return (x[:, :1] + self.output_ffn.scalars(x)).flatten(1)


def _padded(scalars: Tensor, lmax: int) -> Tensor:
    """[N, C] with features of l >= 1 that are zero: [N, (lmax+1)^2, 1, C]."""
    scalars = scalars[:, None, None]
    if lmax == 0:
        return scalars
    absent = torch.zeros_like(scalars).expand(-1, n_rows(lmax) - 1, -1, -1)
    return torch.cat([scalars, absent], 1)


def _plus_vectors(x: Tensor, vectors: Tensor) -> Tensor:
    """Features [N, D, 1, C] with [N, 3, C] added to those of l = 1."""
    return torch.cat([x[:, :1], x[:, 1:4] + vectors.unsqueeze(2), x[:, 4:]], 1)
