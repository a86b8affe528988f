"""SeZM with a dens head: forces of their own, not derivatives of the energy (sezm.md 3.17)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .backbone import SeZMBackbone
from .conditioning import check_conditioning
from .config import SeZMConfig
from .fitting import energy_network
from .linear import SO3Linear

TO_CARTESIAN = ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (-1.0, 0.0, 0.0))
"""Rows m = -1, 0, +1, columns x, y, z. The node features' own order is (-y, -z, x): the forces are
vectors that turn with the atoms, but seen after half a turn about y. The trainer learnt them so."""


class SeZMDens(SeZMBackbone):
    """Atomic energies and direct forces of a SeZM/DPA4 model.

    The trainer's inference uses this head wherever a checkpoint has one, and gives no virial.
    Input forces and the head of the noise are of the denoising training alone.

    Args:
        config: a supported configuration whose head is "dens".
        dtype: of parameters and edge vectors; the trained precision if None.
    """

    forces_kind = "direct"

    def __init__(self, config: SeZMConfig, dtype: torch.dtype | None = None) -> None:
        super().__init__(config, dtype, vectors=True)
        self.max_neighbors = config.n_selected
        self.fitting = energy_network(config, self.fitting_inputs.width, self.network_dtype)
        self.direct_force_head = VectorHead(
            config.final_degree, config.descriptor["channels"], self.network_dtype
        )
        n_types = len(config.type_map)
        for name, value in (("energy_scale", 1.0), ("energy_bias", 0.0)):
            self.register_buffer(name, torch.full((n_types + 1,), value, dtype=torch.float64))
        self.register_buffer("force_scale", torch.ones((), dtype=torch.float64))

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        **conditioning: Tensor | None,
    ) -> Tensor:
        """Energy of each atom: the first result of :meth:`energy_and_forces`."""
        graph = (atomic_numbers, batch, natoms, edge_index, edge_vec)
        return self.energy_and_forces(*graph, **conditioning)[0]

    def energy_and_forces(
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
    ) -> tuple[Tensor, Tensor]:
        """Energy of and force on each atom.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms. Unknown elements give NaN.
            batch: [N] int64, system of each atom; 0 for padding atoms.
            natoms: [B] int64, unused.
            edge_index: [2, E] int64, row 0 source, row 1 target; of each target the
                ``max_neighbors`` nearest sources at most.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift, in the model's dtype.
            charge_spin: [B, 2] total charge (e) and spin, if ``conditioning`` has it.
            fparam: [B, K], likewise; the forces do not depend on it.
            aparam: [N, K], likewise; the forces do not depend on it.

        Returns:
            [N] float64, eV; [N, 3] in the dtype of ``edge_vec``, eV/Angstrom.

        Raises:
            ValueError: an input of ``conditioning`` is missing, or one that it has not is given.
        """
        given = {"charge_spin": charge_spin, "fparam": fparam, "aparam": aparam}
        check_conditioning(self.conditioning, given)
        types = self.type_of_element.index_select(0, atomic_numbers)
        rows = self.rows_of(types, edge_index, edge_vec)
        features = self.descriptor.node_features(types, rows, batch, charge_spin)
        energy = self.from_scalars(self.descriptor.read_out(features), batch, fparam, aparam)
        energy = energy * self.energy_scale.index_select(0, types)
        energy = energy + self.energy_bias.index_select(0, types)
        energy = energy + self.unknown_element.index_select(0, atomic_numbers)
        forces = self.direct_force_head(features) * self.force_scale.to(features.dtype)
        return energy, forces.to(edge_vec.dtype)


class VectorHead(nn.Module):
    """The l = 1 rows of node features as Cartesian vectors.

    Args:
        lmax: degree of the features; the weights of degrees other than 1 have no effect.
        channels: C.
        dtype: of all parameters.
    """

    def __init__(self, lmax: int, channels: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.proj = SO3Linear(lmax=lmax, in_channels=channels, out_channels=1, dtype=dtype)
        to_cartesian = math.sqrt(4.0 * math.pi / 3.0) * torch.tensor(TO_CARTESIAN, dtype=dtype)
        self.register_buffer("to_cartesian", to_cartesian, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """[N, (lmax+1)^2, 1, C] -> [N, 3]."""
        vectors = features[:, 1:4, 0].to(self.proj.weight.dtype)  # [N, 3, C]
        return (vectors @ self.proj.weight[1]).squeeze(2) @ self.to_cartesian
