"""What DeePMD-kit computed with dens and property heads, and the same with the models here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from random_checkpoint import DATA
from recorded import CONDITIONING, edges, model
from sezm_models.sezm.dens import SeZMDens
from sezm_models.sezm.property import SeZMProperty


class Case(NamedTuple):
    """A recorded system as arguments of a model: the five of every model, and by name the others.

    Edge vectors and conditioning are in the model's dtype.
    """

    graph: tuple[torch.Tensor, ...]
    conditioning: dict[str, torch.Tensor]


def head_model(configuration: str, system: str, dtype: torch.dtype) -> SeZMDens | SeZMProperty:
    """Systems of multitask configurations begin with the branch."""
    branch, _, _ = system.rpartition("/")
    return model(configuration, dtype, branch or None)


def recorded_results(
    configuration: str, system: str, dtype: torch.dtype = torch.float64
) -> dict[str, np.ndarray]:
    """Results by their keys in tests/reference/README.md, without the suffix of the precision."""
    suffix = "32" if dtype == torch.float32 else ""
    names = ("energy", "atom_energy", "forces", "property", "atom_property")
    with np.load(DATA / f"{configuration}.npz") as data:
        keys = {name: f"{system}/{name}{suffix}" for name in names}
        return {name: data[key] for name, key in keys.items() if key in data}


def recorded_case(
    configuration: str,
    system: str,
    net: SeZMDens | SeZMProperty,
    rotation: np.ndarray | None = None,
    max_neighbors: int | None = None,
) -> Case:
    """A recorded system, turned if a matrix is given; ``net`` says how many neighbours it sees."""
    rotation = np.eye(3) if rotation is None else rotation
    with np.load(DATA / f"{configuration}.npz") as data:
        pos, cell, pbc, numbers = (
            data[f"{system}/{key}"] for key in ("pos", "cell", "pbc", "atomic_numbers")
        )
        given = {key: data[f"{system}/{key}"] for key in CONDITIONING if f"{system}/{key}" in data}
    limit = max_neighbors or net.max_neighbors
    index, vec = edges(pos @ rotation.T, cell @ rotation.T, pbc, net.cutoff, limit)
    graph = (
        torch.tensor(numbers),
        torch.zeros(len(numbers), dtype=torch.int64),
        torch.tensor([len(numbers)]),
        torch.tensor(index, dtype=torch.int64).reshape(2, -1),
        torch.tensor(vec, dtype=net.dtype).reshape(-1, 3),
    )
    defaults = {name: np.array([value]) for name, value in net.conditioning_defaults.items()}
    conditioning = {
        name: torch.tensor(value, dtype=net.dtype) for name, value in (defaults | given).items()
    }
    return Case(graph, conditioning)


def evaluate_head(net: SeZMDens | SeZMProperty, case: Case) -> dict[str, np.ndarray]:
    """Results of a model, by the keys of :func:`recorded_results`."""
    if isinstance(net, SeZMDens):
        atom_energy, forces = net.energy_and_forces(*case.graph, **case.conditioning)
        results = {"energy": atom_energy.sum(), "atom_energy": atom_energy, "forces": forces}
    else:
        of_atoms = net(*case.graph, **case.conditioning)
        value = net.of_systems(of_atoms, *case.graph[:3])[0]
        results = {"property": value, "atom_property": of_atoms}
    return {name: value.double().numpy() for name, value in results.items()}
