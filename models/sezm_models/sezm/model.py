"""SeZM: from a molecular graph to atomic energies, in stages (sezm.md 3).

    edge geometry -> embedding
    -> per block: node stage in, edge stage, node stage out
    -> read-out -> energy

Nodes meet edges only in a block's edge stage, which sums over rows of neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..elements import ATOMIC_NUMBERS, N_ELEMENTS
from ..neighbor_rows import ROW_WIDTH, NeighborRows, sum_to_targets
from ..stage_result import StageResult
from .backbone import SeZMBackbone
from .bridging import zbl_pair_energy, zbl_table
from .conditioning import check_conditioning
from .config import SeZMConfig
from .fitting import energy_network
from .stages import Tensors, count_stages, run_stage


class SeZM(SeZMBackbone):
    """Atomic energies of a SeZM/DPA4 model.

    Args:
        config: a supported configuration.
        dtype: of parameters and edge vectors; the trained precision if None, half precision
            promoted to float32.
    """

    forces_kind = "conservative"

    def __init__(self, config: SeZMConfig, dtype: torch.dtype | None = None) -> None:
        super().__init__(config, dtype)
        self.fitting = energy_network(config, self.fitting_inputs.width, self.network_dtype)
        n_types = len(config.type_map)
        self.register_buffer("energy_bias", torch.zeros(n_types + 1, dtype=torch.float64))
        if config.window is not None:
            numbers = [ATOMIC_NUMBERS[symbol] for symbol in self.elements]
            charges = zbl_table(N_ELEMENTS)[[*numbers, 0]]
            self.register_buffer("zbl_charges", charges, persistent=False)

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
        if "spins" in self.conditioning and spins is None:
            spins = edge_vec.new_zeros((atomic_numbers.shape[0], 3))
        given = {"charge_spin": charge_spin, "fparam": fparam, "aparam": aparam, "spins": spins}
        check_conditioning(self.conditioning, given)
        types = self.type_of_element.index_select(0, atomic_numbers)
        energy = self.atom_energy(types, batch, edge_index, edge_vec, **given)
        return energy + self.unknown_element.index_select(0, atomic_numbers)

    @property
    def n_stages(self) -> int:
        """Number of stages that :meth:`stage` takes."""
        return count_stages(self)

    def stage(
        self,
        index: int,
        n_own: int,
        carried: Tensors,
        received: Tensors,
        *,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        charge_spin: Tensor | None = None,
        fparam: Tensor | None = None,
        aparam: Tensor | None = None,
        spins: Tensor | None = None,
    ) -> StageResult | Tensor:
        """One stage of the model (see ``stage_result.py``).

        ``index`` is in 0 .. ``n_stages`` - 1. Atoms beyond the first ``n_own``, N, are ghosts: no
        edge ends there. ``carried`` and ``received`` are what the stage before handed on, of own
        and of all atoms; () for stage 0. The other arguments are those of :meth:`forward`, of all
        atoms.

        Returns:
            what the next stage needs; of the last one energies as :meth:`forward`, [N].
        """
        types = self.type_of_element.index_select(0, atomic_numbers)
        rows = self.rows_of(types, edge_index, edge_vec, n_own)
        inputs = (types, rows, batch, charge_spin, fparam, aparam, spins)
        result = run_stage(self, index, carried, received, *inputs)
        if isinstance(result, StageResult):
            return result
        return result + self.unknown_element.index_select(0, atomic_numbers[:n_own])

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
        rows = self.rows_of(types, edge_index, edge_vec)
        scalars = self.descriptor(types, rows, batch, charge_spin, spins)
        return self.energies(scalars, types, rows, batch, fparam, aparam)

    def energies(
        self,
        scalars: Tensor,
        types: Tensor,
        rows: NeighborRows,
        batch: Tensor,
        fparam: Tensor | None,
        aparam: Tensor | None,
    ) -> Tensor:
        """Energies [N] of the atoms that have rows, from their scalars [N, C]; the other arguments
        are of all atoms."""
        own = slice(rows.n_targets)
        aparam = None if aparam is None else aparam[own]
        energy = self.from_scalars(scalars, batch[own], fparam, aparam)
        energy = energy + self.energy_bias.index_select(0, types[own])
        if self.config.window is not None:
            energy = energy + self._zbl(types, rows)
        if self.config.excluded_types:
            energy = energy * self.has_energy.index_select(0, types[own])
        return energy

    def _zbl(self, types: Tensor, rows: NeighborRows) -> Tensor:
        """Half of each pair's nuclear repulsion to its target: [N] float64."""
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
        return sum_to_targets(0.5 * inside.sum(1), rows)
