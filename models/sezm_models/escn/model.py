"""eSCN: energy and, from a head of their own, forces (escn.md)."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..neighbor_rows import ROW_WIDTH, neighbor_rows
from ..segments import segment_sum
from .config import parse_config
from .edge_block import Distances
from .edge_frame import EdgeFrames, length
from .harmonics import solid_harmonics
from .heads import EnergyBlock, ForceBlock
from .layer_block import LayerBlock
from .message_block import Edges
from .tables import WithTables, sphere_points

ENERGY_SCALE = 0.001

DERIVED = re.compile(
    r"(^|\.)(SO3_grid|mappingReduced|distance_expansion)\.|^(Jd_\d+|sphere_points|sphharm_weights)$"
)
"""Constants that fairchem stores; they follow from the options, and are computed here."""


class eSCN(WithTables):
    """Energies and direct forces of an eSCN model.

    Forces come from a head and are not the derivative of the energy; there is no virial, and an
    edge that comes or goes changes both by a jump.

    Args:
        **options: fairchem's, see :class:`~.config.ESCNConfig`.

    Raises:
        CheckpointError: an unknown option, or a value that is not supported.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        config = parse_config(options)
        self.config = config
        self.distances = Distances(config)
        self.frames = EdgeFrames(config.lmax, config.mmax)
        self.sphere_embedding = nn.Embedding(config.max_num_elements, config.sphere_channels)
        self.layer_blocks = nn.ModuleList(LayerBlock(config) for _ in range(config.num_layers))
        self.energy_block = EnergyBlock(config)
        self.force_block = ForceBlock(config)
        points = sphere_points(config.num_sphere_samples)
        self.table("sphere_points", points)
        self.table("sphharm_weights", solid_harmonics(config.lmax, points))
        self.requires_grad_(False)
        self.register_load_state_dict_pre_hook(_without_derived)

    def forward(
        self,
        pos: Tensor,
        batch_idx: Tensor,
        natoms: Tensor,
        atomic_numbers: Tensor,
        edge_index: Tensor,
        edge_distance: Tensor,
        edge_distance_vec: Tensor,
        edge_rot_mat: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Energies and forces, in fairchem's order of arguments.

        Args:
            pos: [N, 3] unused, like ``edge_distance`` [E].
            batch_idx: [N] int64, system of each atom.
            natoms: [B] int64.
            atomic_numbers: [N] int64, 0 .. max_num_elements - 1.
            edge_index: [2, E] int64, row 0 source, row 1 target.
            edge_distance: [E].
            edge_distance_vec: [E, 3] = pos[source] - pos[target] + shift; edges at or beyond the
                cutoff do not count.
            edge_rot_mat: [E, 3, 3] rotations that turn each edge to y; by :class:`EdgeFrames` if
                None.

        Returns:
            energy [B], forces [N, 3].
        """
        atom_energy, forces = self.energies_and_forces(
            atomic_numbers, edge_index, edge_distance_vec, edge_rot_mat
        )
        return segment_sum(atom_energy, batch_idx, natoms.shape[0]), forces

    def energies_and_forces(
        self,
        atomic_numbers: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        edge_rot_mat: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`forward`, with the energy of each atom: [N], [N, 3]."""
        edges = self._edges(atomic_numbers, edge_index, edge_vec, edge_rot_mat)
        scalars = self.sphere_embedding.weight.index_select(0, atomic_numbers).unsqueeze(1)
        x = nn.functional.pad(scalars, (0, 0, 0, self.sphharm_weights.shape[1] - 1))
        for index, layer in enumerate(self.layer_blocks):
            change = layer(x, edges)
            x = change if index == 0 else x + change
        at_points = self.sphharm_weights @ x
        energy = ENERGY_SCALE * self.energy_block(at_points)
        return energy, self.force_block(at_points, self.sphere_points)

    def _edges(
        self, atomic_numbers: Tensor, edge_index: Tensor, vec: Tensor, rotation: Tensor | None
    ) -> Edges:
        rows = neighbor_rows(edge_index, vec, atomic_numbers.shape[0], self.config.cutoff)
        target = rows.target.unsqueeze(1).expand(-1, ROW_WIDTH).reshape(-1)
        distance = length(rows.vec)
        if rotation is None:
            rotation = self.frames(rows.vec)
        else:
            identity = torch.eye(3, dtype=vec.dtype, device=vec.device).unsqueeze(0)
            rotation = torch.cat([rotation, identity]).index_select(0, rows.edge)
        wigner = self.frames.wigner(rotation)
        counts = (distance < self.config.cutoff).to(wigner.dtype).reshape(-1, 1, 1)
        back = (wigner * counts).reshape(-1, ROW_WIDTH * wigner.shape[1], wigner.shape[2])
        return Edges(
            rows,
            target,
            self.distances(distance),
            atomic_numbers.index_select(0, rows.source),
            atomic_numbers.index_select(0, target),
            wigner,
            back.transpose(1, 2),
        )


def _without_derived(
    module: eSCN, state_dict: dict[str, Any], prefix: str, *arguments: Any
) -> None:
    """Drop fairchem's constants from what is loaded, after a look at those that tell options."""
    for name in ("sphere_points", "sphharm_weights"):
        stored, own = state_dict.get(prefix + name), getattr(module, name)
        if stored is None:
            continue
        if stored.shape != own.shape or not torch.allclose(stored.to(own), own, atol=1e-4):
            raise CheckpointError(
                f"key {name!r} is not what lmax {module.config.lmax} and num_sphere_samples "
                f"{module.config.num_sphere_samples} give; options and weights do not belong "
                "together"
            )
    for key in [key for key in state_dict if DERIVED.search(key.removeprefix(prefix))]:
        del state_dict[key]
