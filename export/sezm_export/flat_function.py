"""Energy, forces and virial of a model as one function of flat tensors.

This is the function that every exported file computes (`export/FORMAT.md`). The derivative is
taken inside, with respect to the edge vectors alone; forces and virial are sums of it::

    G_e         = d(sum_n atom_energy[n]) / d(edge_vec[e])
    forces[i]   = sum over e with target i of G_e  -  sum over e with source i of G_e
    virial[b]   = - sum over e with target in b of  G_e (x) edge_vec[e]

Models of magnetic atoms have the spins as a second leaf, ``magnetic_forces = -d(sum)/d(spins)``.
Models that predict forces directly are not differentiated, and have no virial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from sezm_models.graph_sizes import GraphSizes
from sezm_models.segments import segment_sum
from torch import Tensor

from sezm_infer.contract import signature

MODEL_INPUTS = ("atomic_numbers", "batch", "natoms", "edge_index", "edge_vec")
"""Those of the contract that every model takes, by these names."""


class EnergyModel(Protocol):
    """What export asks of a model, beside being a ``torch.nn.Module`` without gradients.

    Attributes:
        family: architecture, e.g. "sezm".
        configuration: JSON-able options of the architecture.
        elements: chemical symbols that the model knows.
        cutoff: Angstrom; an edge at or beyond it contributes nothing.
        message_passing_steps: how many times information moves by one cutoff.
        dtype: of the parameters and of all real inputs.
        conditioning: width of each extra input, by the names of
            ``sezm_infer.contract.CONDITIONING_AXES``; empty for most models.
        conditioning_defaults: values for extra inputs that users may leave out.
        conditioning_values: the values known of extra inputs that take no others.
        forces_kind: "conservative" (derivative of the energy) or "direct".
        max_neighbors: an atom sees at most so many nearest neighbours; the edges that the model
            gets are truncated already. None for no limit.
        whole_system: an atom's energy depends on all atoms of its system, however far: a call
            must have them all, so that a system cannot be divided.
        graph_sizes: how many nodes and edges the model works on; needed to trace it.

    Models of users may leave out most of these (``own_model``).
    """

    family: str
    configuration: dict[str, Any]
    elements: tuple[str, ...]
    cutoff: float
    message_passing_steps: int
    dtype: torch.dtype
    conditioning: Mapping[str, int]
    conditioning_defaults: Mapping[str, tuple[float, ...]]
    conditioning_values: Mapping[str, tuple[float, ...]]
    forces_kind: str
    max_neighbors: int | None
    whole_system: bool
    graph_sizes: GraphSizes

    def __call__(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        **conditioning: Tensor,
    ) -> Tensor:
        """Energy of each atom, eV, [N] float64, a differentiable function of ``edge_vec``, and of
        ``spins`` where ``conditioning`` has them."""
        ...

    def energy_and_forces(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        **conditioning: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Energy [N] float64 and force [N, 3] of each atom, of a model with direct forces."""
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
    model: EnergyModel, *inputs: Tensor, atom_virial: bool = False
) -> tuple[Tensor, ...]:
    """The outputs of the contract, in its order.

    Args:
        model: gives the energy of each atom.
        *inputs: those of the contract, in its order, the model's extra ones last. Of ``pos`` and
            ``edge_distance`` only the sizes matter here.
        atom_virial: also return the share of each atom in the virial.

    Returns:
        energy [B] float64, forces [N, 3] real, virial [B, 3, 3] real, atom_energy [N] float64; then
        magnetic_forces [N, 3] real for models with ``spins``, and with ``atom_virial``
        [N, 3, 3] real: half of each edge's share to either end. No virial of direct forces.
    """
    specs = signature(model.conditioning, model.forces_kind, atom_virial=atom_virial)
    named = {spec.name: tensor for spec, tensor in zip(specs.inputs, inputs, strict=True)}
    if model.forces_kind == "direct":
        results = _direct(model, named)
    else:
        results = _conservative(model, named, atom_virial=atom_virial)
    with torch.no_grad():
        results["energy"] = _system_sums(results["atom_energy"], named)
    return tuple(results[spec.name] for spec in specs.outputs)


def _direct(model: EnergyModel, named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Energies and forces as the model predicts them; those of masked atoms count for nothing."""
    with torch.no_grad():
        atom_energy, forces = model.energy_and_forces(**_model_inputs(model, named))
        mask = named["atom_mask"]
        return {
            "atom_energy": masked(atom_energy, mask),
            "forces": masked(forces, mask.unsqueeze(1)),
        }


def _conservative(
    model: EnergyModel, named: dict[str, Tensor], *, atom_virial: bool
) -> dict[str, Tensor]:
    """All outputs but ``energy``, by name; of the atoms' virials only if they are asked for."""
    leaves = {
        name: named[name].detach().requires_grad_()
        for name in ("edge_vec", "spins")
        if name in named
    }
    energy_of_atoms = model(**_model_inputs(model, named | leaves))
    atom_energy = masked(energy_of_atoms, named["atom_mask"])
    gradients = dict(zip(leaves, _gradients(atom_energy, list(leaves.values())), strict=True))
    with torch.no_grad():
        forces, at_target, at_source = _assemble(
            gradients["edge_vec"],
            named["edge_vec"],
            named["edge_index"],
            named["pos"].shape[0],
            both_ends=atom_virial,
        )
        virial = _system_sums(at_target.double(), named).to(forces.dtype)
        results = {
            "forces": forces,
            "virial": virial.reshape(-1, 3, 3),
            "atom_energy": atom_energy.detach(),
        }
        if "spins" in gradients:
            results["magnetic_forces"] = -gradients["spins"]
        if at_source is not None:
            results["atom_virial"] = (0.5 * (at_target + at_source)).reshape(-1, 3, 3)
        return results


def _model_inputs(model: EnergyModel, named: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the model takes of the contract's inputs."""
    return {name: named[name] for name in (*MODEL_INPUTS, *model.conditioning)}


def _system_sums(values: Tensor, named: dict[str, Tensor]) -> Tensor:
    """Sums over the atoms of each system, [B, ...]."""
    return segment_sum(values, named["batch"], named["natoms"].shape[0])


def masked(values: Tensor, mask: Tensor) -> Tensor:
    """Values times mask, zero where the mask is zero, even if there is a NaN."""
    weighted = values * mask.to(values.dtype)
    return torch.where(mask != 0, weighted, torch.zeros_like(weighted))


def _gradients(atom_energy: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """d(sum of energies) / d(leaf); zero for a leaf that the model does not look at."""
    if not atom_energy.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    gradients = torch.autograd.grad(atom_energy.sum(), leaves, materialize_grads=True)
    return [gradient.detach() for gradient in gradients]


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
