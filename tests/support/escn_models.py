"""eSCN models of the reference data, and files of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from escn_cases import CONFIGS, draw_weights
from sezm_models.escn import eSCN

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
