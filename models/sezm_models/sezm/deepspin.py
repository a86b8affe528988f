"""Magnetic moments as further atoms: the DeepSpin scheme (sezm.md 3.15).

Every atom gets a partner, displaced by its spin, and an ordinary SeZM with twice as many types sees
both: N atoms and E edges become 2N nodes and 4E + 2N edges. Sizes follow from N and E alone;
edges that do not exist are longer than the cutoff.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..graph_sizes import GraphSizes
from .conditioning import check_conditioning, conditioning_widths
from .config import SeZMConfig
from .model import SeZM
from .spin_options import SpinOptions
from .summary import summary

SHORTEST_SQUARE = 1e-10
"""Squared length (Angstrom^2) of the shortest edge: a spin of zero leaves no pair with its atom."""


class DeepSpinSeZM(nn.Module):
    """Atomic energies of a SeZM/DPA4 model with virtual atoms.

    Args:
        config: with a ``spin`` section of this scheme.
        dtype: of parameters, edge vectors and spins; the trained precision if None.
    """

    family = "sezm"
    forces_kind = "conservative"
    graph_sizes = GraphSizes(nodes_per_atom=2, edges_per_atom=2, edges_per_edge=4)
    whole_system = False

    def __init__(self, config: SeZMConfig, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        assert config.spin is not None
        self.config = config
        self.nodes = SeZM(_of_nodes(config, config.spin), dtype)
        self.dtype = self.nodes.dtype
        self.elements = config.type_map
        self.cutoff = self.nodes.cutoff
        # An atom and its partner are neighbours of the same atoms: nothing moves any further.
        self.message_passing_steps = config.message_passing_steps
        self.conditioning = conditioning_widths(config)
        self.conditioning_values = self.nodes.conditioning_values
        self.conditioning_defaults = self.nodes.conditioning_defaults
        # The trainer limits the real neighbours to this number, and then the neighbours of a node
        # to twice as many and one, which they never exceed.
        self.max_neighbors = config.n_selected
        # By type of node; padding atoms have the last.
        n_types = len(config.type_map)
        partner = torch.full((2 * n_types + 1,), 2 * n_types)
        partner[:n_types] = torch.arange(n_types, 2 * n_types)
        scale = torch.zeros(2 * n_types + 1, 1, dtype=self.dtype)
        scale[:n_types, 0] = torch.tensor(config.spin.virtual_scale, dtype=self.dtype)
        self.register_buffer("partner_type", partner, persistent=False)
        self.register_buffer("virtual_scale", scale, persistent=False)

    @property
    def configuration(self) -> dict[str, Any]:
        """For the metadata of exported files."""
        return self.config.as_dict()

    @property
    def summary(self) -> dict[str, Any]:
        """What the model is to its users."""
        return summary(self.config)

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        *,
        charge_spin: Tensor | None = None,
        fparam: Tensor | None = None,
        aparam: Tensor | None = None,
        spins: Tensor | None = None,
    ) -> Tensor:
        """Energy of each atom.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms. Unknown elements give NaN.
            batch: [N] int64, system of each atom; 0 for padding atoms.
            natoms: [B] int64, unused by this family.
            edge_index: [2, E] int64, row 0 source, row 1 target; both directions of each pair, of
                every atom at most ``max_neighbors`` nearest neighbours.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift, in the model's dtype.
            charge_spin: [B, 2] total charge (e) and spin, if ``conditioning`` has it.
            fparam: [B, K], likewise.
            aparam: [N, K], likewise.
            spins: [N, 3] in the model's dtype; zero if None.

        Returns:
            [N] float64, eV.

        Raises:
            ValueError: an input of ``conditioning`` is missing, or one that it has not is given.
        """
        if spins is None:
            spins = edge_vec.new_zeros((atomic_numbers.shape[0], 3))
        given = {"charge_spin": charge_spin, "fparam": fparam, "aparam": aparam, "spins": spins}
        check_conditioning(self.conditioning, given)
        types = self.nodes.type_of_element.index_select(0, atomic_numbers)
        displacement = spins * self.virtual_scale.index_select(0, types)
        index, vec = self._node_edges(edge_index, edge_vec, displacement)
        node_types = torch.cat([types, self.partner_type.index_select(0, types)])
        energy = self.nodes.atom_energy(
            node_types,
            torch.cat([batch, batch]),
            index,
            vec,
            charge_spin=charge_spin,
            fparam=fparam,
            aparam=None if aparam is None else torch.cat([aparam, torch.zeros_like(aparam)]),
        ).reshape(2, -1)[0]
        return energy + self.nodes.unknown_element.index_select(0, atomic_numbers)

    def _node_edges(
        self, edge_index: Tensor, edge_vec: Tensor, displacement: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Edges between nodes.

        Args:
            edge_index: [2, E].
            edge_vec: [E, 3].
            displacement: [N, 3] of the virtual atoms from their atoms, which they follow as nodes.

        Returns:
            [2, 4E + 2N] and [4E + 2N, 3]; those that do not exist are longer than the cutoff.
        """
        n_atoms = displacement.shape[0]
        source, target = edge_index[0], edge_index[1]
        of_source = displacement.index_select(0, source)
        of_target = displacement.index_select(0, target)
        between = [edge_vec, edge_vec + of_source, edge_vec - of_target]
        pairs = torch.cat([*between, edge_vec + of_source - of_target])
        sources = torch.cat([source, source + n_atoms, source, source + n_atoms])
        targets = torch.cat([target, target, target + n_atoms, target + n_atoms])
        # The real distance decides first, whatever the partners' own.
        inside = (edge_vec * edge_vec).sum(1) < self.cutoff**2
        pairs = self._beyond_unless(torch.cat([inside, inside, inside, inside]), pairs)

        atoms = torch.arange(n_atoms, device=edge_index.device)
        own_sources = torch.cat([atoms + n_atoms, atoms])
        own_targets = torch.cat([atoms, atoms + n_atoms])
        own = torch.stack([displacement, -displacement]).reshape(-1, 3)
        vec = torch.cat([pairs, own])
        square = (vec * vec).sum(1)
        vec = self._beyond_unless((square > SHORTEST_SQUARE) & (square <= self.cutoff**2), vec)
        index = torch.stack([torch.cat([sources, own_sources]), torch.cat([targets, own_targets])])
        return index, vec

    def _beyond_unless(self, exists: Tensor, vec: Tensor) -> Tensor:
        """Vectors [K, 3] where ``exists`` [K], and elsewhere a constant beyond the cutoff."""
        beyond = torch.full_like(vec, 2.0 * self.cutoff)
        return torch.where(exists.unsqueeze(1), vec, beyond)


def _of_nodes(config: SeZMConfig, spin: SpinOptions) -> SeZMConfig:
    """Of the model of the nodes: types of atoms, then those of their partners in the same order.

    A partner has no energy of its own; that of an atom without a moment has no neighbours either.
    """
    n_types = len(config.type_map)
    virtual = tuple(range(n_types, 2 * n_types))
    absent = [n_types + index for index, magnetic in enumerate(spin.magnetic) if not magnetic]
    unseen = tuple((other, one) for one in absent for other in range(2 * n_types))
    return replace(
        config,
        type_map=config.type_map * 2,
        spin=None,
        excluded_pairs=config.excluded_pairs + unseen,
        excluded_types=config.excluded_types + virtual,
    )
