"""eSCN models of the reference data, and files of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from escn_cases import CONFIGS, draw_inputs, draw_weights
from sezm_models.escn import eSCN
from sezm_models.escn.edge_frame import EdgeFrames

DATA = Path(__file__).parents[1] / "reference" / "data"


def escn(name: str, dtype: torch.dtype = torch.float64) -> eSCN:
    """With the weights of which results are recorded."""
    net = eSCN(**CONFIGS[name]).to(dtype)
    draw_weights(net.named_parameters(), net.config.num_layers)
    return net


def escn_content(name: str = "l2m2", dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    """The dictionary of a file, with all keys that fairchem stores."""
    net = escn(name, dtype)
    state = net.state_dict()
    keys = json.loads((DATA / "escn_keys.json").read_text()).get(name, {})
    for key, shape in keys.items():
        own = getattr(net, key, None)
        stored = own if isinstance(own, torch.Tensor) else torch.zeros(shape)
        state.setdefault(key, stored)
    return {"config": dict(CONFIGS[name]), "state_dict": dict(state)}


WIDE = CONFIGS["l2m2"] | {
    "lmax": 3,
    "num_layers": 3,
    "sphere_channels": 16,
    "hidden_channels": 48,
}
"""Of as many channels as kernels need."""


def wide_content(dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    """The dictionary of a file of :data:`WIDE`."""
    net = eSCN(**WIDE).to(dtype)
    draw_weights(net.named_parameters(), net.config.num_layers)
    return {"config": dict(WIDE), "state_dict": net.state_dict()}


def wigner_matrices(name: str, rotations: torch.Tensor) -> torch.Tensor:
    """All rows, in the order of (l, m): [E, (lmax+1)^2, (lmax+1)^2] of rotations [E, 3, 3]."""
    lmax = CONFIGS[name].get("lmax", 4)
    frames = EdgeFrames(lmax, lmax).to(rotations.dtype)
    return frames.wigner(rotations)[:, np.argsort(frames.rows)]


def fairchems_inputs(name: str) -> dict[str, np.ndarray]:
    """The contract's inputs of a recorded case, Wigner matrices included."""
    inputs, rotations = draw_inputs(name)
    return {
        "pos": inputs["pos"],
        "atomic_numbers": inputs["atomic_numbers"],
        "batch": inputs["batch_idx"],
        "natoms": inputs["natoms"],
        "edge_index": inputs["edge_index"],
        "edge_distance": inputs["edge_distance"],
        "edge_vec": inputs["edge_distance_vec"],
        "atom_mask": np.ones(len(inputs["pos"])),
        "wigner": wigner_matrices(name, torch.from_numpy(rotations)).numpy(),
    }
