"""SeZM: from a molecular graph to atomic energies, in stages (sezm.md 3).

    edge geometry -> embedding
    -> per block: node stage in, edge stage, node stage out
    -> read-out -> energy

Nodes meet edges only in a block's edge stage, which sums over rows of neighbours.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..elements import ATOMIC_NUMBERS, N_ELEMENTS
from ..neighbor_rows import ROW_WIDTH, NeighborRows, neighbor_rows, sum_to_targets
from .block import SeZMInteractionBlock
from .bridging import zbl_pair_energy, zbl_table
from .config import SeZMConfig, ffn_width, glu_width, grid_options
from .embedding import (
    EnvironmentInitialEmbedding,
    InitialFeatures,
    SeZMTypeEmbedding,
    inverse_degree,
)
from .ffn import EquivariantFFN
from .fitting import GLUFittingNet
from .geometry import EdgeGeometry, EdgeGeometryStage
from .linear import weight_parameter
from .norm import ScalarRMSNorm
from .radial import RadialBasis, RadialMLP

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class SeZM(nn.Module):
    """Atomic energies of a SeZM/DPA4 model.

    Args:
        config: a supported configuration.
        dtype: of parameters and edge vectors; the trained precision if None.
    """

    family = "sezm"

    def __init__(self, config: SeZMConfig, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        options = config.descriptor
        self.config = config
        self.dtype = dtype or DTYPES[options["precision"]]
        self.elements = config.type_map
        self.cutoff = float(options["rcut"])
        self.message_passing_steps = config.message_passing_steps
        self.descriptor = SeZMDescriptor(config, self.dtype)
        neuron = [width or glu_width(options["channels"]) for width in config.fitting["neuron"]]
        self.fitting = GLUFittingNet(
            options["channels"],
            neuron,
            activation_function=config.fitting["activation_function"],
            bias_out=config.fitting["bias_out"],
            dtype=dtype or DTYPES[config.fitting["precision"]],
        )
        n_types = len(config.type_map)
        self.register_buffer("energy_bias", torch.zeros(n_types + 1, dtype=torch.float64))
        self._element_tables()

    @property
    def configuration(self) -> dict[str, Any]:
        """For the metadata of exported files."""
        return self.config.as_dict()

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> Tensor:
        """Energy of each atom.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms. Unknown elements give NaN.
            batch: [N] int64, unused by this family.
            natoms: [B] int64, unused by this family.
            edge_index: [2, E] int64, row 0 source, row 1 target; both directions of each pair.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift, in the model's dtype.

        Returns:
            [N] float64, eV.
        """
        n_atoms = atomic_numbers.shape[0]
        types = self.type_of_element.index_select(0, atomic_numbers)
        rows = neighbor_rows(edge_index, edge_vec, n_atoms, self.cutoff)
        energy = self.fitting(self.descriptor(types, rows))
        energy = energy + self.energy_bias.index_select(0, types)
        energy = energy + self.unknown_element.index_select(0, atomic_numbers)
        if self.config.window is not None:
            energy = energy + self._zbl(atomic_numbers, rows, n_atoms)
        return energy

    def _zbl(self, atomic_numbers: Tensor, rows: NeighborRows, n_atoms: int) -> Tensor:
        """Half of each pair's nuclear repulsion to its target: [N] float64."""
        vec = rows.vec.to(torch.float64)
        r = torch.sqrt((vec * vec).sum(1)).reshape(-1, ROW_WIDTH)  # [R, width]
        charges = self.zbl_charges.index_select(0, atomic_numbers)  # [N, 2]
        source = charges.index_select(0, rows.source).reshape(-1, ROW_WIDTH, 2)
        target = charges.index_select(0, rows.target).unsqueeze(1)
        pair = zbl_pair_energy(r, source, target)
        # Not smoothed at the cutoff, so what lies beyond it must be cut.
        inside = torch.where(r < self.cutoff, pair, torch.zeros_like(pair))
        return sum_to_targets(0.5 * inside.sum(1), rows, n_atoms)

    def _element_tables(self) -> None:
        """Type and NaN flag of each atomic number; padding (0) has the type after the last."""
        padding_type = len(self.elements)
        types = torch.full((N_ELEMENTS + 1,), padding_type)
        unknown = torch.full((N_ELEMENTS + 1,), float("nan"), dtype=torch.float64)
        unknown[0] = 0.0
        for index, symbol in enumerate(self.elements):
            types[ATOMIC_NUMBERS[symbol]] = index
            unknown[ATOMIC_NUMBERS[symbol]] = 0.0
        self.register_buffer("type_of_element", types, persistent=False)
        self.register_buffer("unknown_element", unknown, persistent=False)
        if self.config.window is not None:
            self.register_buffer("zbl_charges", zbl_table(N_ELEMENTS), persistent=False)


class SeZMDescriptor(nn.Module):
    """Scalar features of each atom; parameter names are those of the checkpoint."""

    def __init__(self, config: SeZMConfig, dtype: torch.dtype) -> None:
        super().__init__()
        options, n_types = config.descriptor, len(config.type_map)
        channels, lmax, eps = options["channels"], options["lmax"], options["eps"]
        self.degree_floor = 0.25 if config.version >= 1.1 else eps
        self.type_embedding = SeZMTypeEmbedding(ntypes=n_types, embed_dim=channels, dtype=dtype)
        self.radial_basis = RadialBasis(
            options["rcut"], "bessel", options["n_radial"], dtype, options["env_exp"][0]
        )
        hidden = [width or channels for width in options["radial_mlp"]]
        self.radial_embedding = RadialMLP(
            [options["n_radial"], *hidden, (lmax + 1) * channels],
            dtype=dtype,
            radial_norm=options["edge_norm"],
        )
        self.geometry = EdgeGeometryStage(
            lmax=lmax,
            rcut=options["rcut"],
            exponent=options["env_exp"][1],
            eps=eps,
            radial_uses_weight=config.version >= 1.1,
            window=config.window,
            dtype=dtype,
        )
        self.env_seed_embedding = EnvironmentInitialEmbedding(
            ntypes=n_types, n_radial=options["n_radial"], channels=channels, dtype=dtype
        )
        self.film_scale_strength_log = weight_parameter(1, dtype=dtype)
        self.film_shift_strength_log = weight_parameter(1, dtype=dtype)
        self.film_norms = options["edge_norm"]
        if self.film_norms:
            self.film_scale_norm = ScalarRMSNorm(channels=channels, eps=eps, dtype=dtype)
            self.film_shift_norm = ScalarRMSNorm(channels=channels, eps=eps, dtype=dtype)
        self.initial_features = InitialFeatures()
        self.blocks = nn.ModuleList(
            SeZMInteractionBlock(**_block_options(config, dtype)) for _ in range(config.n_blocks)
        )
        self.readout_degree = 0 if options["so3_readout"] == "none" else lmax
        self.readout_pre_layers = nn.ModuleList(
            _readout_layer(config, dtype) for _ in range(options["readout_layers"] - 1)
        )
        self.output_ffn = _readout_layer(config, dtype)

    def forward(self, types: Tensor, rows: NeighborRows) -> Tensor:
        """Types [N] and rows -> [N, C]."""
        n_atoms = types.shape[0]
        edges = self.geometry(rows, n_atoms, self.radial_basis, self.radial_embedding)
        x = self.embed(types, edges, rows)
        for index in range(len(self.blocks)):
            x = self.interact(index, x, types, edges, rows)
        return self.read_out(x)

    def embed(self, types: Tensor, edges: EdgeGeometry, rows: NeighborRows) -> Tensor:
        """Initial node features [N, (lmax+1)^2, 1, C]."""
        z = inverse_degree(edges, rows, types.shape[0], self.degree_floor)
        film = self.env_seed_embedding(edges, rows, types, z)
        scale, shift = film.chunk(2, 1)
        if self.film_norms:
            scale = self.film_scale_norm(scale)
            shift = self.film_shift_norm(shift)
        return self.initial_features(
            self.type_embedding(types),
            torch.exp(self.film_scale_strength_log) * torch.tanh(scale),
            torch.exp(self.film_shift_strength_log) * torch.tanh(shift),
            edges,
            rows,
            z,
            self.radial_embedding.last_weight(),
        )

    def interact(
        self, index: int, x: Tensor, types: Tensor, edges: EdgeGeometry, rows: NeighborRows
    ) -> Tensor:
        """One block on node features [N, D, 1, C]; the last gives only what the read-out uses."""
        block = self.blocks[index]
        features = block.features(x)
        summed = block.so2_conv.messages(
            features,
            edges,
            rows,
            types,
            self.type_embedding.adam_type_embedding,
            self.radial_embedding.last_weight(),
        )
        is_last = index == len(self.blocks) - 1
        return block.update(x, features, summed, is_last and self.readout_degree == 0)

    def read_out(self, x: Tensor) -> Tensor:
        """Node features -> scalar descriptor [N, C]."""
        for layer in self.readout_pre_layers:
            x = x + layer(x)
        return (x[:, :1] + self.output_ffn.scalars(x)).flatten(1)


def _block_options(config: SeZMConfig, dtype: torch.dtype) -> dict[str, Any]:
    """Constructor options of a block."""
    options = config.descriptor
    message_mlp, message_branch = grid_options(options, 1)
    ffn_mlp, ffn_branch = grid_options(options, 2)
    uses_grid = options["ffn_so3_grid"] or options["s2_activation"][1]
    convolution = {
        "mmax": min(options["mmax"], options["lmax"]),
        "n_focus": options["n_focus"],
        "focus_dim": options["focus_dim"],
        "focus_norm": options["edge_norm"],
        "mixing_layers": options["mixing_layers"],
        "n_atten_head": options["n_atten_head"],
        "radial_so2_mode": options["radial_so2_mode"],
        "radial_so2_rank": options["radial_so2_rank"],
        "message_node_so3": options["message_node_so3"],
        "message_node_grid_mlp": message_mlp,
        "message_node_grid_branch": message_branch,
        "eps": options["eps"],
    }
    ffn = {
        "hidden_channels": ffn_width(options, uses_grid or options["glu_activation"]),
        "kmax": min(options["kmax"], options["lmax"]),
        "grid_mlp": ffn_mlp,
        "grid_branch": ffn_branch,
        "s2_activation": options["s2_activation"][1],
        "ffn_so3_grid": options["ffn_so3_grid"],
        "glu_activation": options["glu_activation"],
    }
    return {
        "lmax": options["lmax"],
        "channels": options["channels"],
        "sandwich_norm": tuple(options["sandwich_norm"]),
        "edge_norm": options["edge_norm"],
        "ffn_blocks": options["ffn_blocks"],
        "convolution": convolution,
        "ffn": ffn,
        "dtype": dtype,
    }


def _readout_layer(config: SeZMConfig, dtype: torch.dtype) -> EquivariantFFN:
    """On scalars alone, or on all degrees with an SO(3) product."""
    options = config.descriptor
    mode = options["so3_readout"]
    return EquivariantFFN(
        lmax=0 if mode == "none" else options["lmax"],
        channels=options["channels"],
        hidden_channels=ffn_width(options, options["glu_activation"]),
        kmax=min(options["kmax"], options["lmax"]),
        grid_mlp=mode == "mlp",
        ffn_so3_grid=mode != "none",
        glu_activation=options["glu_activation"],
        dtype=dtype,
    )
