"""What DeePMD-kit computed with dens and property heads, and the same with the models here."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from random_checkpoint import DATA
from recorded import edges
from sezm_models.sezm.dens import SeZMDens
from sezm_models.sezm.property import SeZMProperty


def recorded_results(
    configuration: str, system: str, dtype: torch.dtype = torch.float64
) -> dict[str, np.ndarray]:
    """Results by their keys in tests/reference/README.md, without the suffix of the precision."""
    suffix = "32" if dtype == torch.float32 else ""
    names = ("energy", "atom_energy", "forces", "property", "atom_property")
    with np.load(DATA / f"{configuration}.npz") as data:
        keys = {name: f"{system}/{name}{suffix}" for name in names}
        return {name: data[key] for name, key in keys.items() if key in data}


def graph_of(
    configuration: str, system: str, cutoff: float, max_neighbors: int | None = None
) -> tuple[torch.Tensor, ...]:
    """Atomic numbers, batch, natoms, edge index and float64 edge vectors of a recorded system."""
    with np.load(DATA / f"{configuration}.npz") as data:
        structure = [data[f"{system}/{key}"] for key in ("pos", "cell", "pbc")]
        numbers = torch.tensor(data[f"{system}/atomic_numbers"])
    index, vec = edges(*structure, cutoff, max_neighbors)
    n_atoms = len(numbers)
    return (
        numbers,
        torch.zeros(n_atoms, dtype=torch.int64),
        torch.tensor([n_atoms]),
        torch.tensor(index, dtype=torch.int64).reshape(2, -1),
        torch.tensor(vec).reshape(-1, 3),
    )


def evaluate_head(model: Any, graph: tuple[torch.Tensor, ...]) -> dict[str, np.ndarray]:
    """Results of a model, by the keys of :func:`recorded_results`."""
    graph = (*graph[:4], graph[4].to(model.dtype))
    numbers, batch, natoms = graph[:3]
    if isinstance(model, SeZMDens):
        atom_energy, forces = model.energy_and_forces(*graph)
        results = {"energy": atom_energy.sum(), "atom_energy": atom_energy, "forces": forces}
    else:
        assert isinstance(model, SeZMProperty)
        of_atoms = model(*graph)
        results = {
            "property": model.of_systems(of_atoms, numbers, batch, natoms)[0],
            "atom_property": of_atoms,
        }
    return {name: value.double().numpy() for name, value in results.items()}
