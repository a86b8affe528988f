"""Evaluation of magnetic models in tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from recorded import Recorded, edges
from sezm_models.sezm.deepspin import DeepSpinSeZM
from sezm_models.sezm.model import SeZM


class Magnetic(NamedTuple):
    """Energies [N], forces [N, 3], virial [3, 3], magnetic forces [N, 3]; edge gradients [E, 3]."""

    atom_energy: np.ndarray
    forces: np.ndarray
    virial: np.ndarray
    magnetic_forces: np.ndarray
    edge_gradient: np.ndarray


def evaluate_magnetic(
    model: SeZM | DeepSpinSeZM,
    case: Recorded,
    *,
    pos: np.ndarray | None = None,
    cell: np.ndarray | None = None,
    spins: np.ndarray | None = None,
) -> Magnetic:
    """A recorded system, or one like it with other positions, cell or spins."""
    pos, cell = case.pos if pos is None else pos, case.cell if cell is None else cell
    index, vec = edges(pos, cell, case.pbc, model.cutoff, model.max_neighbors)
    inputs = dict(case.conditioning)
    given = inputs.pop("spins")
    return evaluate_edges(
        model, case.atomic_numbers, index, vec, given if spins is None else spins, **inputs
    )


def evaluate_edges(
    model: SeZM | DeepSpinSeZM,
    atomic_numbers: np.ndarray,
    edge_index: np.ndarray,
    edge_vec: np.ndarray,
    spins: np.ndarray,
    **others: np.ndarray,
) -> Magnetic:
    """By differentiation with respect to edge vectors and spins; ``others``: further inputs."""
    n_atoms = len(atomic_numbers)
    index = torch.tensor(edge_index, dtype=torch.int64).reshape(2, -1)
    vec = torch.tensor(edge_vec, dtype=model.dtype).reshape(-1, 3).requires_grad_()
    leaf = torch.tensor(spins, dtype=model.dtype).requires_grad_()
    numbers, batch = torch.tensor(atomic_numbers), torch.zeros(n_atoms, dtype=torch.int64)
    inputs = {name: torch.tensor(value, dtype=model.dtype) for name, value in others.items()}
    energy = model(numbers, batch, torch.tensor([n_atoms]), index, vec, spins=leaf, **inputs)
    by_vec, by_spin = (
        g.double() for g in torch.autograd.grad(energy.sum(), (vec, leaf), materialize_grads=True)
    )
    forces = torch.zeros(n_atoms, 3, dtype=torch.float64)
    forces = forces.index_add(0, index[1], by_vec).index_add(0, index[0], -by_vec)
    virial = -(by_vec.unsqueeze(2) * vec.detach().double().unsqueeze(1)).sum(0)
    results = (energy.detach(), forces, virial, -by_spin, by_vec)
    return Magnetic(*(value.numpy() for value in results))
