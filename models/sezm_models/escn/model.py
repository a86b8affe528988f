"""eSCN: energy and, from a head of their own, forces (escn.md)."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..segments import segment_sum
from ..whole_operators import is_derived
from .config import parse_config
from .edge_block import Distances
from .edge_frame import EdgeFrames, length
from .edges import Edges, EdgesByAtom, edges_by_atom
from .harmonics import solid_harmonics
from .heads import EnergyBlock, ForceBlock
from .layer_block import LayerBlock
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
        wigner: Tensor | None = None,
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
            wigner: [E, (lmax+1)^2, (lmax+1)^2] matrices that rotate features into these frames;
                made from the rotations if None.

        Returns:
            energy [B], forces [N, 3].

        Raises:
            ValueError: both rotations and matrices are given, or one of another shape.
        """
        given = (("edge_rot_mat", edge_rot_mat, 3), ("wigner", wigner, self._n_features))
        for name, tensor, width in given:
            wanted = (edge_index.shape[1], width, width)
            if tensor is not None and tensor.shape != wanted:
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {wanted}")
        if edge_rot_mat is not None and wigner is not None:
            raise ValueError("give edge_rot_mat or wigner, not both: one follows from the other")
        atom_energy, forces = self.energies_and_forces(
            atomic_numbers, edge_index, edge_distance_vec, edge_rot_mat, wigner
        )
        return segment_sum(atom_energy, batch_idx, natoms.shape[0]), forces

    def energies_and_forces(
        self,
        atomic_numbers: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        edge_rot_mat: Tensor | None = None,
        wigner: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`forward`, with the energy of each atom: [N], [N, 3]."""
        at_points = self._at_points(atomic_numbers, edge_index, edge_vec, edge_rot_mat, wigner)
        energy = ENERGY_SCALE * self.energy_block(at_points)
        return energy, self.force_block(at_points, self.sphere_points)

    def energies(self, atomic_numbers: Tensor, edge_index: Tensor, edge_vec: Tensor) -> Tensor:
        """The energy of each atom [N], a differentiable function of the edge vectors."""
        return ENERGY_SCALE * self.energy_block(
            self._at_points(atomic_numbers, edge_index, edge_vec, None, None)
        )

    @property
    def _n_features(self) -> int:
        """(lmax+1)^2."""
        return (self.config.lmax + 1) ** 2

    def _at_points(
        self,
        atomic_numbers: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        rotation: Tensor | None,
        wigner: Tensor | None,
    ) -> Tensor:
        """Features of atoms at the points of the read-out, [N, G, C]."""
        edges: Edges | EdgesByAtom
        edges = self._edges(atomic_numbers, edge_index, edge_vec, rotation, wigner)
        if self._needs_values_alone(edges):
            from_grid = self.layer_blocks[0].message_block.from_grid
            edges = edges_by_atom(edges, atomic_numbers.shape[0], self.config, from_grid)
        x = self.sphere_embedding.weight.index_select(0, atomic_numbers).unsqueeze(1)
        for index, layer in enumerate(self.layer_blocks):
            change = layer(x, edges)
            x = change if index == 0 else x + change
        return self.sphharm_weights @ x

    def _needs_values_alone(self, edges: Edges) -> bool:
        """On a CPU and neither traced nor differentiated."""
        derived = is_derived(edges.distances, edges.wigner, *self.parameters())
        return edges.wigner.device.type == "cpu" and not derived

    def _edges(
        self,
        atomic_numbers: Tensor,
        edge_index: Tensor,
        vec: Tensor,
        rotation: Tensor | None,
        wigner: Tensor | None,
    ) -> Edges:
        source, target = edge_index[0], edge_index[1]
        if wigner is not None:
            wigner = self.frames.rows_of(wigner)
        else:
            wigner = self.frames.wigner(self.frames(vec) if rotation is None else rotation)
        distance = length(vec)
        return Edges(
            source,
            target,
            self.distances(distance),
            atomic_numbers.index_select(0, source),
            atomic_numbers.index_select(0, target),
            wigner,
            1.0 - (distance >= self.config.cutoff).to(wigner.dtype),  # counts if it is no number
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
