"""Energy, forces and virial of a model as one function of flat tensors.

This is the function that every exported file computes (`export/FORMAT.md`). The derivative is
taken inside, with respect to the edge vectors alone; forces and virial are sums of it::

    G_e         = d(sum_n atom_energy[n]) / d(edge_vec[e])
    forces[i]   = sum over e with target i of G_e  -  sum over e with source i of G_e
    virial[b]   = - sum over e with target in b of  G_e (x) edge_vec[e]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from sezm_models.segments import segment_sum
from torch import Tensor


class EnergyModel(Protocol):
    """What export asks of a model, beside being a ``torch.nn.Module`` without gradients.

    Attributes:
        family: architecture, e.g. "sezm".
        configuration: JSON-able options of the architecture.
        elements: chemical symbols that the model knows.
        cutoff: Angstrom; an edge at or beyond it contributes nothing.
        message_passing_steps: how many times information moves by one cutoff.
        dtype: of the parameters and of ``edge_vec``.
    """

    family: str
    configuration: dict[str, Any]
    elements: tuple[str, ...]
    cutoff: float
    message_passing_steps: int
    dtype: torch.dtype

    def __call__(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
    ) -> Tensor:
        """Energy of each atom, eV, [N] float64, a differentiable function of ``edge_vec``."""
        ...

    def to(self, device: str) -> Any:
        """Move parameters and buffers."""
        ...

    def parameters(self) -> Iterator[Tensor]:
        """All trained tensors."""
        ...

    def buffers(self) -> Iterator[Tensor]:
        """All constant tensors."""
        ...


def flat_outputs(
    model: EnergyModel,
    pos: Tensor,
    atomic_numbers: Tensor,
    batch: Tensor,
    natoms: Tensor,
    edge_index: Tensor,
    edge_distance: Tensor,
    edge_vec: Tensor,
    atom_mask: Tensor,
    *,
    atom_virial: bool = False,
) -> tuple[Tensor, ...]:
    """The outputs of the contract, in its order.

    Args:
        model: gives the energy of each atom.
        pos: [N, 3] real; only its size matters here.
        atomic_numbers: [N] int64, 0 for padding.
        batch: [N] int64, system of each atom.
        natoms: [B] int64.
        edge_index: [2, E] int64, row 0 source, row 1 target.
        edge_distance: [E] real; only its size matters here.
        edge_vec: [E, 3] real, Angstrom, from target to source.
        atom_mask: [N] real, 1 where the atom's energy counts.
        atom_virial: also return the share of each atom in the virial.

    Returns:
        energy [B] float64, forces [N, 3] real, virial [B, 3, 3] real, atom_energy [N] float64, and
        with ``atom_virial`` [N, 3, 3] real: half of each edge's share to either end.
    """
    atom_energy, gradient = _energy_and_gradient(
        model, atomic_numbers, batch, natoms, edge_index, edge_vec, atom_mask
    )
    with torch.no_grad():
        energy = segment_sum(atom_energy, batch, natoms.shape[0])
        forces, at_target, at_source = _assemble(
            gradient, edge_vec, edge_index, pos.shape[0], both_ends=atom_virial
        )
        virial = segment_sum(at_target.double(), batch, natoms.shape[0]).to(edge_vec.dtype)
        outputs = (energy, forces, virial.reshape(-1, 3, 3), atom_energy)
        if at_source is None:
            return outputs
        return (*outputs, (0.5 * (at_target + at_source)).reshape(-1, 3, 3))


def _energy_and_gradient(
    model: EnergyModel,
    atomic_numbers: Tensor,
    batch: Tensor,
    natoms: Tensor,
    edge_index: Tensor,
    edge_vec: Tensor,
    atom_mask: Tensor,
) -> tuple[Tensor, Tensor]:
    """Masked energy of each atom, [N] float64, and the derivative G of their sum, [E, 3] real.

    Arguments as for :func:`flat_outputs`.
    """
    leaf = edge_vec.detach().requires_grad_()
    atom_energy = _masked(model(atomic_numbers, batch, natoms, edge_index, leaf), atom_mask)
    return atom_energy.detach(), _edge_gradient(atom_energy, leaf)


def _masked(atom_energy: Tensor, atom_mask: Tensor) -> Tensor:
    """Energy times mask, zero where the mask is zero, even if the energy there is NaN."""
    counts = atom_mask != 0
    weighted = atom_energy * atom_mask.to(atom_energy.dtype)
    return torch.where(counts, weighted, torch.zeros_like(weighted))


def _edge_gradient(atom_energy: Tensor, edge_vec: Tensor) -> Tensor:
    """d(sum of energies) / d(edge_vec), [E, 3]; zero for a model that does not look at edges."""
    if not atom_energy.requires_grad:
        return torch.zeros_like(edge_vec)
    (gradient,) = torch.autograd.grad(atom_energy.sum(), edge_vec, materialize_grads=True)
    return gradient.detach()


def _assemble(
    gradient: Tensor,
    edge_vec: Tensor,
    edge_index: Tensor,
    atoms: int,
    *,
    both_ends: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Sum the edges' shares at their ends.

    Returns:
        forces [N, 3]; sum of each edge's virial at its target, [N, 9]; with ``both_ends`` the same
        at its source.
    """
    source, target = edge_index[0], edge_index[1]
    virial = -(gradient.unsqueeze(2) * edge_vec.unsqueeze(1)).reshape(-1, 9)  # [E, 9]
    shares = torch.cat([gradient, virial], dim=1)  # [E, 12]
    at_target = segment_sum(shares, target, atoms)
    at_source = segment_sum(shares if both_ends else gradient, source, atoms)
    forces = at_target[:, :3] - at_source[:, :3]
    return forces, at_target[:, 3:], at_source[:, 3:] if both_ends else None
