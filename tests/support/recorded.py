"""What DeePMD-kit computed (``tests/reference/data``), as objects for tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from ase.neighborlist import primitive_neighbor_list
from conditioning_configs import CONDITIONING_SETS
from deviation_log import note_deviation
from head_configs import DENS_SETS
from option_configs import OPTION_SETS
from random_checkpoint import DATA, checkpoint_from_manifest, read_manifest
from sezm_models import simplify
from sezm_models.sezm.deepspin import DeepSpinSeZM
from sezm_models.sezm.model import SeZM
from sezm_models.sezm.reader import model_from_checkpoint, read_checkpoint
from spin_configs import SPIN_SETS

CONFIGURATIONS = (
    "tiny",
    "small_rcut",
    "nano",
    "mini",
    "mini_edge_norm",
    "mini_v1_0",
    "neo",
    "air",
    "plus",
    "defaults",
    "zbl",
    "bundled",
)

OPTION_CONFIGURATIONS = tuple(OPTION_SETS)

SPIN_CONFIGURATIONS = tuple(SPIN_SETS)
CONDITIONING_CONFIGURATIONS = tuple(CONDITIONING_SETS)
DENS_CONFIGURATIONS = tuple(DENS_SETS)

BUNDLED = Path(__file__).resolve().parents[2] / "models/zoo/water_gfn1/model.ckpt.pt"

FLOAT64_TOLERANCE = 1e-10
FLOAT64_LOOSE = {"inexact_grid": 1e-5}
"""Where DeePMD-kit's own constants are rounded to float32 (sezm.md 3.9)."""

CONDITIONING = ("charge_spin", "fparam", "aparam", "spins")

FLOAT32_TOLERANCE = 1e-5
"""Of the largest force (virial entry; sum of absolute energies)."""

SMALLEST_FORCE = 1e-4
"""eV/Angstrom; smaller ones are compared absolutely."""

SMALLEST_DIRECT_FORCE = 1e-2
"""Likewise of direct forces, which on a lone atom are round-off."""


@dataclass(frozen=True)
class Recorded:
    """One system of one configuration; arrays as described in tests/reference/README.md.

    ``conditioning`` holds the inputs beside the structure, by the names of the model's arguments.
    ``magnetic_forces`` are there if spins are, virials unless forces are direct.
    """

    configuration: str
    system: str
    pos: np.ndarray
    cell: np.ndarray
    pbc: np.ndarray
    atomic_numbers: np.ndarray
    energy: float
    forces: np.ndarray
    atom_energy: np.ndarray
    virial: np.ndarray | None = None
    atom_virial: np.ndarray | None = None
    conditioning: dict[str, np.ndarray] = field(default_factory=dict)
    magnetic_forces: np.ndarray | None = None


def systems_of(configuration: str) -> list[str]:
    """Names of the systems recorded for a configuration."""
    with np.load(DATA / f"{configuration}.npz") as data:
        return sorted({key.rsplit("/", 1)[0] for key in data.files})


def recorded(configuration: str, system: str, dtype: torch.dtype = torch.float64) -> Recorded:
    """Read one system, with DeePMD-kit's results in a precision (atomic virials: float64 only)."""
    suffix = "32" if dtype == torch.float32 else ""
    with np.load(DATA / f"{configuration}.npz") as data:
        inputs = {key: data[f"{system}/{key}"] for key in "pos cell pbc atomic_numbers".split()}
        results = "energy forces atom_energy virial magnetic_forces".split()
        keys = {key: f"{system}/{key}{suffix}" for key in results}
        keys["atom_virial"] = f"{system}/atom_virial"
        outputs = {key: data[name] for key, name in keys.items() if name in data}
        conditioning = {
            key: data[f"{system}/{key}"] for key in CONDITIONING if f"{system}/{key}" in data
        }
    return Recorded(configuration, system, **inputs, **outputs, conditioning=conditioning)


@cache
def model(configuration: str, dtype: torch.dtype, head: str | None = None) -> SeZM | DeepSpinSeZM:
    """The model of a configuration, simplified: what is evaluated and exported."""
    return simplify(plain_model(configuration, dtype, head))


@cache
def plain_model(
    configuration: str, dtype: torch.dtype, head: str | None = None
) -> SeZM | DeepSpinSeZM:
    """As it is read, every parameter random; "bundled" is the trained one."""
    if configuration == "bundled":
        return read_checkpoint(BUNDLED, dtype)
    checkpoint = checkpoint_from_manifest(read_manifest(configuration))
    return model_from_checkpoint(checkpoint, dtype, head, configuration)


def edges(
    pos: np.ndarray,
    cell: np.ndarray,
    pbc: np.ndarray,
    cutoff: float,
    max_neighbors: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Edges by ASE: edge_index [2, E] (source, target) and edge_vec [E, 3].

    With ``max_neighbors`` only the nearest of each target.
    """
    box = cell if np.any(pbc) else np.eye(3)
    target, source, shift = primitive_neighbor_list("ijS", pbc, box, pos, cutoff)
    index, vec = np.stack([source, target]), pos[source] - pos[target] + shift @ box
    if max_neighbors is None:
        return index, vec
    order = np.lexsort([np.linalg.norm(vec, axis=1), target])
    rank = np.arange(len(order)) - np.searchsorted(target[order], target[order])
    kept = order[rank < max_neighbors]
    return index[:, kept], vec[kept]


def evaluate(
    model: SeZM,
    atomic_numbers: np.ndarray,
    edge_index: np.ndarray,
    edge_vec: np.ndarray,
    conditioning: Mapping[str, np.ndarray] | None = None,
    batch: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Atomic energies [N], forces [N, 3], virial [3, 3] by differentiation of the plain model.

    ``batch`` is the system of each atom, one system if None; the virial is the sum of all.
    """
    n_atoms = len(atomic_numbers)
    numbers = torch.tensor(atomic_numbers, dtype=torch.int64)
    index = torch.tensor(edge_index, dtype=torch.int64).reshape(2, -1)
    vec = torch.tensor(edge_vec, dtype=model.dtype).reshape(-1, 3).requires_grad_()
    system = torch.zeros(n_atoms, dtype=torch.int64) if batch is None else torch.tensor(batch)
    extra = {name: torch.tensor(x, dtype=model.dtype) for name, x in (conditioning or {}).items()}
    energy = model(numbers, system, torch.bincount(system), index, vec, **extra)
    if energy.requires_grad:
        (grad,) = torch.autograd.grad(energy.sum(), vec)
    else:
        grad = torch.zeros_like(vec)
    forces = torch.zeros(n_atoms, 3, dtype=torch.float64)
    forces = forces.index_add(0, index[1], grad.double()).index_add(0, index[0], -grad.double())
    virial = -(grad.double().unsqueeze(2) * vec.detach().double().unsqueeze(1)).sum(0)
    return energy.detach().numpy(), forces.numpy(), virial.numpy()


def assert_agrees(
    found: Sequence[np.ndarray | None],
    expected: Recorded,
    tolerance: float,
    program: str = "eager",
) -> None:
    """Outputs within a relative tolerance, absolute where the trainer's numbers are tiny.

    In float32 the trainer's own rounding error, its deviation from its float64, is allowed on top:
    two single-precision programs cannot agree better than either of them knows the number.

    Args:
        found: atomic energies, forces, and as far as they are to be compared virial and magnetic
            forces; None for one that the model does not have.
        expected: the trainer's numbers.
        tolerance: relative to the largest entry.
        program: what computed, for the log of deviations.
    """
    exact = recorded(expected.configuration, expected.system)
    dtype = "float64" if np.array_equal(expected.atom_energy, exact.atom_energy) else "float32"
    scales = _scales(expected)
    names = ("atom_energy", "forces", "virial", "magnetic_forces")
    for name, value in zip(names, found, strict=False):
        number, scale = getattr(expected, name), scales.get(name)
        assert (value is None) == (number is None), name
        if value is None:
            continue
        own_error = np.abs(number - getattr(exact, name)).max()
        deviation = np.abs(value - number).max()
        note_deviation(
            expected.configuration, program, dtype, name, deviation / scale, own_error / scale
        )
        assert deviation <= tolerance * scale + own_error, f"{name} off by {deviation / scale:.1e}"


def _scales(expected: Recorded) -> dict[str, float]:
    """What deviations are measured by.

    A virial is a sum over N atoms of forces times lengths of an Angstrom or more: it rounds like
    sqrt(N) forces times an Angstrom, even where the sum itself happens to be small.
    """
    smallest = SMALLEST_DIRECT_FORCE if expected.virial is None else SMALLEST_FORCE
    force = max(np.abs(expected.forces).max(), smallest)
    scales = {"atom_energy": max(np.abs(expected.atom_energy).max(), 1.0), "forces": force}
    if expected.virial is not None:
        scales["virial"] = max(
            np.abs(expected.virial).max(), math.sqrt(len(expected.forces)) * force
        )
    if expected.magnetic_forces is not None:
        scales["magnetic_forces"] = max(np.abs(expected.magnetic_forces).max(), force)
    return scales
