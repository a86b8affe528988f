"""eSCN models of which fairchem's results are recorded; weights and systems are drawn here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

SMALL = {
    "cutoff": 4.0,
    "num_layers": 2,
    "sphere_channels": 8,
    "hidden_channels": 12,
    "edge_channels": 6,
    "num_sphere_samples": 16,
}

CONFIGS: dict[str, dict[str, Any]] = {
    "l2m2": SMALL | {"lmax": 2, "mmax": 2},
    "l3m1": SMALL | {"lmax": 3, "mmax": 1},
    "l1m0": SMALL | {"lmax": 1, "mmax": 0, "num_layers": 3},
    "l4m2_rescaled": SMALL | {"lmax": 4, "mmax": 2, "rescale_grid": True},
    "l2m1_resolution": SMALL
    | {"lmax": 2, "mmax": 1, "resolution": 8, "basis_width_scalar": 2.0, "max_num_elements": 30},
    "l6m1": SMALL | {"lmax": 6, "mmax": 1, "num_layers": 1},
    "default": {},
}
"""Options beside fairchem's defaults."""

ATOMS = {"default": (5,)}
"""Atoms of each system of a batch, if not those below."""

SMALL_BATCH = (6, 1, 9)

BOX = 5.0
"""Angstrom; open boundaries."""


def draw_weights(parameters: Iterable[tuple[str, Tensor]], layers: int) -> None:
    """Redraw parameters in place, so that features and results are of order one."""
    rng = np.random.default_rng(7)
    for name, parameter in sorted(parameters):
        values = rng.standard_normal(tuple(parameter.shape)) * _scale(name, parameter, layers)
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(values))


def draw_inputs(name: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """fairchem's seven tensors by name, and rotations [E, 3, 3] that turn each edge to y."""
    rng = np.random.default_rng(3)
    cutoff = CONFIGS[name].get("cutoff", 8.0)
    counts = ATOMS.get(name, SMALL_BATCH)
    pos = rng.uniform(0, BOX, (sum(counts), 3))
    batch = np.repeat(np.arange(len(counts)), counts)
    vec = pos[None] - pos[:, None]  # [target, source, 3]
    distance = np.linalg.norm(vec, axis=2)
    near = (batch[None] == batch[:, None]) & (distance < cutoff) & (distance > 0)
    target, source = np.nonzero(near)
    inputs = {
        "pos": pos,
        "batch_idx": batch,
        "natoms": np.array(counts),
        "atomic_numbers": rng.choice([1, 6, 8, 14, 29], len(pos)),
        "edge_index": np.stack([source, target]),
        "edge_distance": distance[near],
        "edge_distance_vec": vec[near],
    }
    n = vec[near] / distance[near][:, None]
    first = np.cross(n, rng.standard_normal(n.shape))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return inputs, np.stack([first, n, np.cross(first, n)], 1)


def _scale(name: str, parameter: Tensor, layers: int) -> float:
    if name == "sphere_embedding.weight":
        return 1.0
    if name.endswith("_embedding.weight"):
        return 0.5
    if name.endswith("bias"):
        return 0.1
    damped = ".so2_block_" in name and ".fc2_" in name
    return (0.3 if layers > 3 else 0.6) ** damped * 1.5 / parameter.shape[1] ** 0.5
