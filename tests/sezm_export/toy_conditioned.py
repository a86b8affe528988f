"""The toy model with what other models have beyond energies of plain structures."""

from __future__ import annotations

import torch
from sezm_models.segments import segment_sum
from torch import Tensor
from toy_model import ToyModel

CHARGE_OFFSET = 100


class ConditionedToy(ToyModel):
    """Energies that depend on charge and spin of the system, its parameters and its atoms'."""

    conditioning = {"charge_spin": 2, "fparam": 3, "aparam": 2}  # noqa: RUF012
    conditioning_defaults = {"charge_spin": (0.0, 1.0), "fparam": (0.5, -0.25, 1.0)}  # noqa: RUF012

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__(dtype)
        generator = torch.Generator().manual_seed(11)

        def table(rows: int) -> Tensor:
            return torch.randn(rows, generator=generator, dtype=torch.float64).to(dtype)

        self.register_buffer("of_charge", table(200))
        self.register_buffer("of_spin", table(100))
        self.register_buffer("of_fparam", table(3))
        self.register_buffer("of_aparam", table(2))

    def forward(self, *, batch, charge_spin, fparam, aparam, **others):
        """Energy of each atom, scaled by what its system and itself are."""
        integers = charge_spin.to(torch.int64)
        of_system = (
            self.of_charge.index_select(0, integers[:, 0] + CHARGE_OFFSET)
            + self.of_spin.index_select(0, integers[:, 1])
            + fparam @ self.of_fparam
        )
        of_atom = of_system.index_select(0, batch) + aparam @ self.of_aparam
        return super().forward(batch=batch, **others) * (1.5 + torch.tanh(of_atom)).double()


class MagneticToy(ToyModel):
    """Spins that couple with those of neighbours and have a favourite length."""

    conditioning = {"spins": 3}  # noqa: RUF012

    def forward(self, *, edge_index, edge_vec, spins, **others):
        """Energy of each atom with its share of the couplings."""
        source, target = edge_index[0], edge_index[1]
        closeness = (1 - edge_vec.square().sum(1) / self.cutoff**2).clamp(min=0.0) ** 3
        pairs = (spins.index_select(0, source) * spins.index_select(0, target)).sum(1)
        coupling = segment_sum(closeness * torch.tanh(pairs), target, spins.shape[0])
        own = (spins.square().sum(1) - 1.0).square()
        energy = super().forward(edge_index=edge_index, edge_vec=edge_vec, **others)
        return energy + (0.3 * coupling + 0.1 * own).double()


class DirectToy(ToyModel):
    """Forces that are no derivative of anything, from few neighbours."""

    forces_kind = "direct"
    max_neighbors = 6

    def energy_and_forces(self, *, edge_index, edge_vec, **others):
        """Energy [N] and force [N, 3] of each atom."""
        energy = self(edge_index=edge_index, edge_vec=edge_vec, **others)
        closeness = (1 - edge_vec.square().sum(1) / self.cutoff**2).clamp(min=0.0) ** 3
        pulled = segment_sum(closeness.unsqueeze(1) * edge_vec, edge_index[1], energy.shape[0])
        return energy, pulled * torch.tanh(energy).to(self.dtype).unsqueeze(1)
