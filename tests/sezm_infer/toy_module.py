"""The toy potential of ``toy_files`` in TorchScript (imports torch)."""

from __future__ import annotations

import torch


class ToyModule(torch.nn.Module):
    """Energy, forces and virial of the contract's tensors, derivative by hand."""

    def __init__(
        self, cutoff: float, depth: float, strengths: dict[int, float], dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.depth = depth
        table = torch.full((9,), float("nan"), dtype=dtype)
        table[0] = 0.0  # padding
        for number, strength in strengths.items():
            table[number] = strength
        self.strengths = torch.nn.Buffer(table)

    def forward(
        self,
        pos: torch.Tensor,
        atomic_numbers: torch.Tensor,
        batch: torch.Tensor,
        natoms: torch.Tensor,
        edge_index: torch.Tensor,
        edge_distance: torch.Tensor,
        edge_vec: torch.Tensor,
        atom_mask: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The contract's outputs, in order."""
        source, target = edge_index[0], edge_index[1]
        strength = self.strengths[atomic_numbers]
        pair = 0.5 * self.depth * strength[source] * strength[target] * atom_mask[target]
        u = (1.0 - edge_vec.square().sum(1) / self.cutoff**2).clamp(min=0.0)
        edge_energy = (pair * (8.0 * u**4 - 4.0 * u**3)).double()
        slope = pair * (32.0 * u**3 - 12.0 * u**2) * (-2.0 / self.cutoff**2)
        gradient = slope.unsqueeze(1) * edge_vec
        atom_energy = torch.zeros_like(pos[:, 0], dtype=torch.double)
        atom_energy = atom_energy.index_add(0, target, edge_energy)
        energy = torch.zeros(natoms.size(0), dtype=torch.double, device=pos.device)
        energy = energy.index_add(0, batch, atom_energy)
        forces = torch.zeros_like(pos).index_add(0, target, gradient)
        forces = forces.index_add(0, source, -gradient)
        outer = -gradient.unsqueeze(2) * edge_vec.unsqueeze(1)
        virial = torch.zeros([natoms.size(0), 3, 3], dtype=pos.dtype, device=pos.device)
        virial = virial.index_add(0, batch[target], outer)
        return energy, forces, virial, atom_energy
