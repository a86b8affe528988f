"""eSCN behind the interface that export and runtime know (escn.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..elements import N_ELEMENTS, SYMBOLS
from ..graph_sizes import SAME_AS_INPUT, GraphSizes
from .config import ESCNConfig
from .model import eSCN


class ESCNEnergyModel(nn.Module):
    """Atomic energies and direct forces.

    Args:
        net: in the precision in which it is evaluated.
    """

    family = "escn"
    forces_kind = "direct"
    conditioning: Mapping[str, int] = {}
    conditioning_defaults: Mapping[str, tuple[float, ...]] = {}
    conditioning_values: Mapping[str, tuple[float, ...]] = {}
    whole_system = False
    graph_sizes: GraphSizes = SAME_AS_INPUT

    def __init__(self, net: eSCN) -> None:
        super().__init__()
        self.net = net
        rows = torch.arange(N_ELEMENTS + 1)
        known = rows < net.config.max_num_elements
        unknown = torch.zeros(N_ELEMENTS + 1, dtype=torch.float64)
        self.register_buffer("row_of_element", rows * known, persistent=False)
        self.register_buffer(
            "unknown_element", unknown.masked_fill(~known, float("nan")), persistent=False
        )

    @property
    def _config(self) -> ESCNConfig:
        return self.net.config

    @property
    def configuration(self) -> dict[str, Any]:
        """Options of the architecture."""
        return self._config.as_dict()

    @property
    def elements(self) -> tuple[str, ...]:
        """All that the tables have a row for; which ones were trained the file does not tell."""
        return tuple(SYMBOLS[: self._config.max_num_elements - 1])

    @property
    def cutoff(self) -> float:
        """Angstrom."""
        return float(self._config.cutoff)

    @property
    def message_passing_steps(self) -> int:
        """One per layer."""
        return self._config.num_layers

    @property
    def max_neighbors(self) -> int | None:
        """As fairchem's graphs are made."""
        return self._config.max_neighbors

    @property
    def dtype(self) -> torch.dtype:
        """Of parameters and edge vectors."""
        return self.net.sphere_embedding.weight.dtype

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> Tensor:
        """Energy of each atom: the first result of :meth:`energy_and_forces`."""
        return self.energy_and_forces(atomic_numbers, batch, natoms, edge_index, edge_vec)[0]

    def energy_and_forces(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Energy and force of each atom.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms. Elements without a row give NaN.
            batch: [N] int64, unused by this family, like ``natoms`` [B].
            natoms: [B] int64.
            edge_index: [2, E] int64, row 0 source, row 1 target.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift.

        Returns:
            [N] float64, eV; [N, 3], eV/Angstrom.
        """
        numbers = self.row_of_element.index_select(0, atomic_numbers)
        energy, forces = self.net.energies_and_forces(numbers, edge_index, edge_vec)
        return energy.double() + self.unknown_element.index_select(0, atomic_numbers), forces
