"""Flat inputs of any size, without a neighbour list: graphs that need not fit in space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from toy_model import NUMBERS

Inputs = dict[str, np.ndarray]


def random_inputs(
    n_atoms: int,
    n_edges: int,
    n_systems: int = 1,
    *,
    dtype: str = "float64",
    seed: int = 0,
    sort: bool = True,
) -> Inputs:
    """Random edges between random atoms.

    Args:
        n_atoms: N.
        n_edges: E.
        n_systems: B; some may be empty.
        dtype: "float32" or "float64".
        seed: of all numbers.
        sort: edges by target.
    """
    rng = np.random.default_rng(seed)
    batch = np.sort(rng.integers(0, n_systems, n_atoms))
    edge_index = rng.integers(0, n_atoms, (2, n_edges))
    if sort:
        edge_index = edge_index[:, np.argsort(edge_index[1], kind="stable")]
    edge_vec = rng.normal(size=(n_edges, 3)) * 1.5
    return {
        "pos": rng.normal(size=(n_atoms, 3)).astype(dtype),
        "atomic_numbers": rng.choice(np.array(NUMBERS), n_atoms),
        "batch": batch,
        "natoms": np.bincount(batch, minlength=n_systems),
        "edge_index": np.ascontiguousarray(edge_index),
        "edge_distance": np.linalg.norm(edge_vec, axis=1).astype(dtype),
        "edge_vec": edge_vec.astype(dtype),
        "atom_mask": np.ones(n_atoms, dtype),
    }


def with_extra_inputs(inputs: Inputs, conditioning: Mapping[str, int], seed: int = 0) -> Inputs:
    """The inputs and random ones that a model takes beyond them, other values for each system.

    Args:
        inputs: of the structure.
        conditioning: widths of the model's extra inputs.
        seed: of all numbers.
    """
    rng = np.random.default_rng(seed)
    n_atoms, n_systems = len(inputs["pos"]), len(inputs["natoms"])
    extra = {}
    for name, width in conditioning.items():
        if name == "charge_spin":
            charges, spins = rng.integers(-100, 100, n_systems), rng.integers(0, 100, n_systems)
            values = np.stack([charges, spins], axis=1)
        else:
            values = rng.normal(size=(n_systems if name == "fparam" else n_atoms, width))
        extra[name] = values.astype(inputs["pos"].dtype)
    return inputs | extra


def molecule(positions: np.ndarray, numbers: np.ndarray, cutoff: float) -> Inputs:
    """All pairs of free atoms within the cutoff, in the dtype of the positions.

    Args:
        positions: [N, 3], Angstrom.
        numbers: [N], atomic numbers.
        cutoff: Angstrom.
    """
    n_atoms = len(positions)
    vectors = positions[None, :] - positions[:, None]  # [target, source, 3]
    distances = np.linalg.norm(vectors, axis=2)
    target, source = np.nonzero((distances < cutoff) & ~np.eye(n_atoms, dtype=bool))
    return {
        "pos": positions,
        "atomic_numbers": numbers,
        "batch": np.zeros(n_atoms, np.int64),
        "natoms": np.array([n_atoms]),
        "edge_index": np.stack([source, target]),
        "edge_distance": distances[target, source],
        "edge_vec": vectors[target, source],
        "atom_mask": np.ones(n_atoms, positions.dtype),
    }
