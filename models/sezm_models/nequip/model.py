"""NequIP as mlip trains it: from a molecular graph to atomic energies (nequip.md)."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from ..graph_sizes import SAME_AS_INPUT
from ..neighbor_rows import NeighborRows, neighbor_rows
from ..stage_result import StageResult
from .config import DatasetInfo, NequipConfig, head_names
from .coulomb import coulomb_energy, neutralised
from .element_tables import element_tables
from .embedding import NequipEmbeddingBlock
from .harmonics import SphericalHarmonics
from .irreps import SCALAR, Block
from .layer import NequipLayer
from .parameters import Parameters
from .plan import plan_layer
from .radial import RadialBasis
from .readout import NequipMultiHeadReadoutBlock


class Nequip(nn.Module):
    """Atomic energies of a NequIP model.

    Args:
        config: of the network.
        dataset_info: of its training data.
        parameters: of a file; all of them are taken.
        head: number of the read-out head.
        dtype: of parameters and edge vectors.

    Raises:
        CheckpointError: a parameter is missing, superfluous or of another shape; the head does not
            exist; facts that an option needs are missing.
    """

    family = "nequip"
    forces_kind = "conservative"
    max_neighbors = None
    graph_sizes = SAME_AS_INPUT
    species_of_element: Tensor
    atomic_energies: Tensor

    def __init__(
        self,
        config: NequipConfig,
        dataset_info: DatasetInfo,
        parameters: Parameters,
        *,
        head: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        _check_facts(config, dataset_info, head)
        self.config, self.dataset_info, self.head, self.dtype = config, dataset_info, head, dtype
        self.network_cutoff = float(dataset_info.graph_cutoff_angstrom)
        # Charges that meet in the Coulomb term have come along the layers before.
        self.message_passing_steps = config.num_layers + config.use_coulomb_term
        self.whole_system = config.use_coulomb_term  # its charges add up over the system
        if not self.whole_system:
            self.n_stages = config.num_layers
        knows_charge = config.use_total_charge_embedding or config.use_coulomb_term
        self.conditioning = {"charge": 1} if knows_charge else {}
        self.conditioning_defaults: dict[str, tuple[float, ...]] = {}
        self.conditioning_values: dict[str, tuple[float, ...]] = {}
        if config.use_total_charge_embedding:
            known = sorted(set(dataset_info.total_charge_set or ()))
            self.conditioning_values = {"charge": tuple(map(float, known))}
        self.trained_parameters = parameters.count
        self.elements, of_element, energies = element_tables(config, dataset_info, head)
        self.register_buffer("species_of_element", of_element, persistent=False)
        self.register_buffer("atomic_energies", energies, persistent=False)

        species = config.num_species or len(dataset_info.atomic_numbers)
        blocks: tuple[Block, ...] = (Block(config.target_blocks[0].multiplicity, SCALAR),)
        self.embedding = NequipEmbeddingBlock(
            parameters,
            species=species,
            channels=blocks[0].multiplicity,
            charges=sorted(set(dataset_info.total_charge_set or ()))
            if config.use_total_charge_embedding
            else None,
            activation=config.embed_activation,
            dtype=dtype,
        )
        self.radial = RadialBasis(
            config.num_rbf, config.radial_envelope, self.network_cutoff, dtype
        )
        self.harmonics = SphericalHarmonics(config.l_max, dtype)
        self.layers = nn.ModuleList()
        for number in range(config.num_layers):
            plan = plan_layer(blocks, config.target_blocks, config.l_max)
            layer = NequipLayer(
                parameters,
                f"NequipLayer_{number}",
                plan,
                radial_widths=[config.num_rbf, *config.radial_mlp_hidden],
                radial_activation=config.radial_mlp_activation,
                gate_nonlinearities=config.gate_nonlinearities,
                neighbors=config.avg_num_neighbors or dataset_info.avg_num_neighbors,
                species=species if config.use_residual_connection else None,
                dtype=dtype,
            )
            self.layers.append(layer)
            blocks = plan.features
        self.readout = NequipMultiHeadReadoutBlock(
            parameters,
            channels=blocks[0].multiplicity,
            heads=config.num_readout_heads,
            head=head,
            outputs=2 if config.has_charges else 1,
            dtype=dtype,
        )
        parameters.require_empty()

    @property
    def cutoff(self) -> float:
        """Angstrom: that of the Coulomb term, if it sees further than the network."""
        far = self.dataset_info.long_range_cutoff_angstrom
        if self.config.use_coulomb_term and far is not None:
            return max(self.network_cutoff, float(far))
        return self.network_cutoff

    @property
    def configuration(self) -> dict[str, Any]:
        """Options of the network, facts of its data, and which of several heads; JSON-able."""
        names = head_names(self.config, self.dataset_info)
        return {
            "config": dataclasses.asdict(self.config),
            "dataset_info": self.dataset_info.as_dict(),
            "branch": names[self.head] if len(names) > 1 else None,
        }

    @property
    def summary(self) -> dict[str, Any]:
        """Options that differ from mlip's defaults, by section; JSON-able."""
        options, usual = dataclasses.asdict(self.config), dataclasses.asdict(NequipConfig())
        return {
            "options": {
                "config": {name: v for name, v in options.items() if v != usual[name]},
            }
        }

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        *,
        charge: Tensor | None = None,
    ) -> Tensor:
        """Energy of each atom.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms. Unknown elements give NaN.
            batch: [N] int64, system of each atom; 0 for padding atoms.
            natoms: [B] int64, atoms of each system.
            edge_index: [2, E] int64, row 0 source, row 1 target; both directions of each pair.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift, in the model's dtype.
            charge: [B, 1] total charge (e), if ``conditioning`` has it.

        Returns:
            [N] float64, eV; NaN for charges that the model does not know.

        Raises:
            ValueError: ``charge`` is missing, or given to a model without it.
        """
        if (charge is not None) != ("charge" in self.conditioning):
            raise ValueError(f"the model takes {list(self.conditioning)}; pass these and no others")
        rows = neighbor_rows(edge_index, edge_vec, atomic_numbers.shape[0], self.cutoff)
        results = self._read_out(atomic_numbers, batch, rows, charge)
        energy = self._energy(results, atomic_numbers)
        if self.config.use_coulomb_term and charge is not None:
            charges = neutralised(results[:, 1], charge, atomic_numbers, batch, natoms)
            far = self.dataset_info.long_range_cutoff_angstrom or self.cutoff
            energy = energy + coulomb_energy(charges, rows, far)
        return energy

    def stage(
        self,
        index: int,
        n_own: int,
        carried: tuple[Tensor, ...],
        received: tuple[Tensor, ...],
        *,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        charge: Tensor | None = None,
    ) -> StageResult | Tensor:
        """One layer of the model (see ``stage_result.py``); not of one with a Coulomb term.

        ``index`` is in 0 .. ``n_stages`` - 1. Atoms beyond the first ``n_own``, N, are ghosts: no
        edge ends there. ``carried`` and ``received`` are what the stage before handed on, of own
        and of all atoms; () for stage 0. The other arguments are those of :meth:`forward`, of all
        atoms.

        Returns:
            what the next stage needs; of the last one energies as :meth:`forward`, [N].
        """
        species = self.species_of_element.index_select(0, atomic_numbers)
        rows = neighbor_rows(edge_index, edge_vec, atomic_numbers.shape[0], self.cutoff, n_own)
        if index == 0:
            embedded = self.embedding(species, batch, charge)
            features, sent = embedded[:n_own], self._layers()[0].sent(embedded)
        else:
            (features,), (sent,) = carried, received
        features = self.layers[index](features, sent, species[:n_own], rows, *self._geometry(rows))
        if index + 1 < len(self.layers):
            return StageResult((features,), (self._layers()[index + 1].sent(features),))
        return self._energy(self.readout(features), atomic_numbers[:n_own])

    def partial_charges(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        charge: Tensor,
    ) -> Tensor:
        """Charge of each atom, [N], e; they add up to ``charge``. Arguments of :meth:`forward`.

        Raises:
            ValueError: the model has no charges.
        """
        if not self.config.has_charges:
            raise ValueError("the model predicts no partial charges")
        rows = neighbor_rows(edge_index, edge_vec, atomic_numbers.shape[0], self.cutoff)
        raw = self._read_out(atomic_numbers, batch, rows, charge)[:, 1]
        return neutralised(raw, charge, atomic_numbers, batch, natoms)

    def _read_out(
        self, atomic_numbers: Tensor, batch: Tensor, rows: NeighborRows, charge: Tensor | None
    ) -> Tensor:
        """[N, 1 or 2]."""
        species = self.species_of_element.index_select(0, atomic_numbers)
        geometry = self._geometry(rows)
        features = self.embedding(species, batch, charge)
        for layer in self._layers():
            features = layer(features, layer.sent(features), species, rows, *geometry)
        results: Tensor = self.readout(features)
        return results

    def _layers(self) -> list[NequipLayer]:
        """With their type."""
        return [cast(NequipLayer, layer) for layer in self.layers]

    def _geometry(self, rows: NeighborRows) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Radial functions [S, num_rbf], 1 within the cutoff [S, 1], harmonics by degree."""
        r = torch.sqrt((rows.vec * rows.vec).sum(1, keepdim=True))
        radial, inside = self.radial(r)
        return radial, inside, self.harmonics(rows.vec / r)

    def _energy(self, results: Tensor, atomic_numbers: Tensor) -> Tensor:
        """Without the Coulomb term, [N] float64, of what was read out."""
        info = self.dataset_info
        energy = results[:, 0].to(torch.float64) * info.scaling_stdev + info.scaling_mean
        return energy + self.atomic_energies.index_select(0, atomic_numbers)


def _check_facts(config: NequipConfig, info: DatasetInfo, head: int) -> None:
    """What the options need of the data, and of each other."""
    if not 0 <= head < config.num_readout_heads:
        raise CheckpointError(
            f"head {head} does not exist; the file has {config.num_readout_heads}, from 0"
        )
    maps = len(info.atomic_energies_map)
    if 1 < maps <= head:
        raise CheckpointError(f"head {head} has no atomic energies; the file has {maps} maps")
    if config.use_total_charge_embedding and not info.total_charge_set:
        raise CheckpointError("use_total_charge_embedding needs a total_charge_set")
    if config.use_coulomb_term and info.long_range_cutoff_angstrom is None:
        raise CheckpointError("use_coulomb_term needs long_range_cutoff_angstrom")
    species = len(info.atomic_numbers)
    if config.num_species is not None and config.num_species < species:
        raise CheckpointError(f"num_species {config.num_species} is less than {species} elements")
