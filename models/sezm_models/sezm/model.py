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
from ..graph_sizes import SAME_AS_INPUT
from ..neighbor_rows import ROW_WIDTH, NeighborRows, neighbor_rows, sum_to_targets
from .bridging import zbl_pair_energy, zbl_table
from .conditioning import check_conditioning, conditioning_defaults, conditioning_widths
from .config import SeZMConfig
from .descriptor import SeZMDescriptor
from .fitting import energy_network
from .fitting_inputs import FittingInputs

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class SeZM(nn.Module):
    """Atomic energies of a SeZM/DPA4 model.

    Args:
        config: a supported configuration.
        dtype: of parameters and edge vectors; the trained precision if None.

    Attributes:
        conditioning: inputs beside the structure, name -> width, in the order of files.
        forces_kind: forces are derivatives of the energy.
        max_neighbors: None, every atom within the cutoff is seen.
    """

    family = "sezm"
    forces_kind = "conservative"
    graph_sizes = SAME_AS_INPUT
    max_neighbors: int | None = None

    def __init__(self, config: SeZMConfig, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        options = config.descriptor
        self.config = config
        self.dtype = dtype or DTYPES[options["precision"]]
        self.elements = config.type_map
        self.cutoff = float(options["rcut"])
        self.message_passing_steps = config.message_passing_steps
        self.descriptor = SeZMDescriptor(config, self.dtype)
        self.conditioning = conditioning_widths(config)
        network_dtype = dtype or DTYPES[config.fitting["precision"]]
        self.fitting_inputs = FittingInputs(config, network_dtype)
        self.fitting = energy_network(config, self.fitting_inputs.width, network_dtype)
        n_types = len(config.type_map)
        self.register_buffer("energy_bias", torch.zeros(n_types + 1, dtype=torch.float64))
        self._element_tables()
        self._exclusion_tables()

    @property
    def configuration(self) -> dict[str, Any]:
        """For the metadata of exported files."""
        return self.config.as_dict()

    @property
    def conditioning_defaults(self) -> dict[str, tuple[float, ...]]:
        """What stands for an input that the user leaves out."""
        return conditioning_defaults(self.config, self.fitting_inputs.default_fparam_tensor)

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
            edge_index: [2, E] int64, row 0 source, row 1 target; both directions of each pair.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift, in the model's dtype.
            charge_spin: [B, 2] total charge (e) and spin, if ``conditioning`` has it.
            fparam: [B, K], likewise.
            aparam: [N, K], likewise.
            spins: [N, 3], likewise; zero if None.

        Returns:
            [N] float64, eV; NaN for charges and spins without a row (see charge_spin.py).

        Raises:
            ValueError: an input of ``conditioning`` is missing, or one that it has not is given.
        """
        if spins is None and self.config.spin is not None:
            spins = edge_vec.new_zeros((atomic_numbers.shape[0], 3))
        given = {"charge_spin": charge_spin, "fparam": fparam, "aparam": aparam, "spins": spins}
        check_conditioning(self.conditioning, given)
        types = self.type_of_element.index_select(0, atomic_numbers)
        energy = self.atom_energy(types, batch, edge_index, edge_vec, **given)
        return energy + self.unknown_element.index_select(0, atomic_numbers)

    def atom_energy(
        self,
        types: Tensor,
        batch: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        *,
        charge_spin: Tensor | None = None,
        fparam: Tensor | None = None,
        aparam: Tensor | None = None,
        spins: Tensor | None = None,
    ) -> Tensor:
        """As :meth:`forward`, for atoms of types [N] in place of elements; padding after the last.

        Returns:
            [N] float64, eV.
        """
        n_atoms = types.shape[0]
        if self.config.excluded_pairs:
            edge_vec = self._without_excluded(types, edge_index, edge_vec)
        rows = neighbor_rows(edge_index, edge_vec, n_atoms, self.cutoff)
        energy = self.fitting(
            self.descriptor(types, rows, batch, charge_spin, spins),
            self.fitting_inputs(batch, fparam, aparam),
            self.fitting_inputs.case_embd,
        )
        energy = energy + self.energy_bias.index_select(0, types)
        if self.config.window is not None:
            energy = energy + self._zbl(types, rows)
        if self.config.excluded_types:
            energy = energy * self.has_energy.index_select(0, types)
        return energy

    def _without_excluded(self, types: Tensor, edge_index: Tensor, edge_vec: Tensor) -> Tensor:
        """Edge vectors, those between types that do not see each other beyond the cutoff."""
        source, target = types.index_select(0, edge_index[0]), types.index_select(0, edge_index[1])
        excluded = self.pair_excluded.index_select(0, source * (len(self.elements) + 1) + target)
        beyond = torch.full_like(edge_vec, 2.0 * self.cutoff)
        return torch.where(excluded.unsqueeze(1), beyond, edge_vec)

    def _zbl(self, types: Tensor, rows: NeighborRows) -> Tensor:
        """Half of each pair's nuclear repulsion to its target: [N] float64."""
        n_atoms = types.shape[0]
        vec = rows.vec.to(torch.float64)
        r = torch.sqrt((vec * vec).sum(1)).reshape(-1, ROW_WIDTH)  # [R, width]
        charges = self.zbl_charges.index_select(0, types)  # [N, 2]
        source = charges.index_select(0, rows.source).reshape(-1, ROW_WIDTH, 2)
        target = charges.index_select(0, rows.target).unsqueeze(1)
        pair = zbl_pair_energy(r, source, target)
        # Not smoothed at the cutoff, so what lies beyond it must be cut.
        inside = torch.where(r < self.cutoff, pair, torch.zeros_like(pair))
        if self.config.excluded_types:
            has_energy = self.has_energy.index_select(0, types)
            inside = inside * has_energy.index_select(0, rows.source).reshape(-1, ROW_WIDTH)
        return sum_to_targets(0.5 * inside.sum(1), rows, n_atoms)

    def _element_tables(self) -> None:
        """Type and NaN flag of each atomic number; padding (0) has the type after the last."""
        padding_type = len(self.elements)
        types = torch.full((N_ELEMENTS + 1,), padding_type)
        unknown = torch.full((N_ELEMENTS + 1,), float("nan"), dtype=torch.float64)
        unknown[0] = 0.0
        numbers = [ATOMIC_NUMBERS[symbol] for symbol in self.elements]
        # Of two types of one element the first is that of its atoms (see deepspin.py).
        for index, number in reversed(list(enumerate(numbers))):
            types[number] = index
            unknown[number] = 0.0
        self.register_buffer("type_of_element", types, persistent=False)
        self.register_buffer("unknown_element", unknown, persistent=False)
        if self.config.window is not None:
            charges = zbl_table(N_ELEMENTS)[[*numbers, 0]]
            self.register_buffer("zbl_charges", charges, persistent=False)

    def _exclusion_tables(self) -> None:
        """Which pairs of types do not see each other, and which types have an energy."""
        n_types = len(self.elements) + 1
        excluded = torch.zeros(n_types, n_types, dtype=torch.bool)
        for a, b in self.config.excluded_pairs:
            excluded[a, b] = excluded[b, a] = True
        has_energy = torch.ones(n_types, dtype=torch.float64)
        has_energy[list(self.config.excluded_types)] = 0.0
        self.register_buffer("pair_excluded", excluded.flatten(), persistent=False)
        self.register_buffer("has_energy", has_energy, persistent=False)
