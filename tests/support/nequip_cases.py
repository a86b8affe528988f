"""What mlip computed for NequIP models, as objects for tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import ase
import numpy as np
import torch
from ase.neighborlist import primitive_neighbor_list
from nequip_files import weights, write_file
from sezm_models import nequip

DATA = Path(__file__).parents[1] / "reference/data"
CASES = (
    "tiny",
    "small",
    "soft",
    "cosine",
    "coulomb",
    "coulomb_alone",
    "heads",
    "even",
    "default",
)
CHARGE = 1
"""Total charge of the recorded structure, for models that take one."""


def write_case(case: str, path: Path) -> Path:
    """The file of a recorded model, as mlip would write it."""
    manifest = record(case)
    return write_file(path, manifest["hyperparameters"], weights(manifest["shapes"]))


def record(case: str) -> dict:
    """Hyperparameters and shapes, to be changed at will."""
    return json.loads((DATA / f"nequip_{case}.json").read_text())


@cache
def numbers(case: str) -> dict[str, np.ndarray]:
    """Structure and results, the head's number behind an underscore."""
    with np.load(DATA / f"nequip_{case}.npz") as stored:
        return dict(stored)


def structure(case: str) -> ase.Atoms:
    """The recorded structure."""
    stored = numbers(case)
    return ase.Atoms(stored["numbers"], stored["positions"], cell=stored["cell"], pbc=True)


def flat_inputs(model: nequip.Nequip, atoms: ase.Atoms, charge: float = CHARGE) -> list:
    """Inputs of the contract for one structure."""
    target, source, distance, vec = primitive_neighbor_list(
        "ijdD", atoms.pbc, atoms.cell.array, atoms.positions, model.cutoff
    )
    real = [atoms.positions, distance, vec, np.ones(len(atoms)), [[float(charge)]]]
    pos, distance, vec, mask, charges = (torch.tensor(x, dtype=model.dtype) for x in real)
    inputs = [
        pos,
        torch.tensor(atoms.numbers, dtype=torch.int64),
        torch.zeros(len(atoms), dtype=torch.int64),
        torch.tensor([len(atoms)]),
        torch.tensor(np.stack([source, target]), dtype=torch.int64),
        distance,
        vec,
        mask,
    ]
    return [*inputs, charges] if model.conditioning else inputs
