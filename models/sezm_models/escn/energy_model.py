"""eSCN behind the interface that export and runtime know (escn.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..elements import N_ELEMENTS, SYMBOLS
from ..errors import CheckpointError
from ..graph_sizes import SAME_AS_INPUT, GraphSizes
from .config import ESCNConfig
from .model import eSCN


class ESCNEnergyModel(nn.Module):
    """Atomic energies, and forces: those of the model's own head, or derivatives of the energy.

    Args:
        net: in the precision in which it is evaluated.
        forces_kind: "direct" or "conservative".
        wigner_input: the matrices that rotate features into the frames of edges are an input.
    """

    family = "escn"
    conditioning_defaults: Mapping[str, tuple[float, ...]] = {}
    conditioning_values: Mapping[str, tuple[float, ...]] = {}
    whole_system = False
    graph_sizes: GraphSizes = SAME_AS_INPUT

    def __init__(
        self, net: eSCN, forces_kind: str = "direct", *, wigner_input: bool = False
    ) -> None:
        super().__init__()
        self.net = net
        self.forces_kind = forces_kind
        width = (net.config.lmax + 1) ** 2
        self.conditioning: Mapping[str, int] = {"wigner": width} if wigner_input else {}
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

    def variant(self, forces_kind: str | None, *, wigner_input: bool) -> ESCNEnergyModel:
        """The same model with other forces, or with an input more; see the class.

        Args:
            forces_kind: None for the model's own.
            wigner_input: see the class.

        Raises:
            CheckpointError: both at once; derivatives need the rotation as a function of the edges.
        """
        forces_kind = forces_kind or self.forces_kind
        if wigner_input and forces_kind == "conservative":
            raise CheckpointError(
                "conservative forces are derivatives of the rotations of edges too, which cannot "
                "be given then; leave out --wigner input or --forces conservative"
            )
        return ESCNEnergyModel(self.net, forces_kind, wigner_input=wigner_input).eval()

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> Tensor:
        """Energy of each atom, [N] float64, eV; arguments as of :meth:`energy_and_forces`."""
        numbers = self.row_of_element.index_select(0, atomic_numbers)
        return self._checked(self.net.energies(numbers, edge_index, edge_vec), atomic_numbers)

    def energy_and_forces(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        wigner: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Energy and direct force of each atom.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms. Elements without a row give NaN.
            batch: [N] int64, unused by this family, like ``natoms`` [B].
            natoms: [B] int64.
            edge_index: [2, E] int64, row 0 source, row 1 target.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift.
            wigner: see :meth:`~.model.eSCN.forward`.

        Returns:
            [N] float64, eV; [N, 3], eV/Angstrom.
        """
        numbers = self.row_of_element.index_select(0, atomic_numbers)
        energy, forces = self.net.energies_and_forces(numbers, edge_index, edge_vec, None, wigner)
        return self._checked(energy, atomic_numbers), forces

    def _checked(self, energy: Tensor, atomic_numbers: Tensor) -> Tensor:
        """NaN for elements without a row."""
        return energy.double() + self.unknown_element.index_select(0, atomic_numbers)
