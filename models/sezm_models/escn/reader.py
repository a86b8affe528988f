"""From ``torch.save({"config": ..., "state_dict": ...}, path)`` to an eSCN model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..allowance import Allowance
from ..checkpoint_file import load_checkpoint_file
from ..errors import CheckpointError
from ..stored_weights import require_dense, stored_numbers, weights_below
from .energy_model import ESCNEnergyModel
from .model import DERIVED, eSCN

MARKS = ("sphere_embedding.weight", "energy_block.fc1.weight", "force_block.fc1.weight")
"""Keys that every state dict of the family has."""

SPARE_NUMBERS = 2_000_000
"""What a model may hold beside twice the file's weights."""

HALF = (torch.float16, torch.bfloat16)


def recognises(content: Mapping[str, Any]) -> bool:
    """Whether a file's dictionary is that of an eSCN model."""
    state = content.get("state_dict")
    return (
        isinstance(content.get("config"), Mapping)
        and isinstance(state, Mapping)
        and all(key in state for key in MARKS)
    )


def read(path: str | Path, dtype: torch.dtype | None = None) -> ESCNEnergyModel:
    """A model ready to evaluate.

    Args:
        path: of the file; opened without running code that it may hold.
        dtype: evaluate in this precision; the stored one if None, float32 if that is half.

    Raises:
        CheckpointError: another file, an option that is not supported, or weights that do not fit.
    """
    return model_from_content(load_checkpoint_file(path), str(path), dtype)


def model_from_content(
    content: Mapping[str, Any], path: str, dtype: torch.dtype | None = None
) -> ESCNEnergyModel:
    """As :func:`read`, from the dictionary of the file named ``path`` in errors."""
    if not recognises(content):
        raise CheckpointError(
            f"{path}: not an eSCN model; write it with "
            'torch.save({"config": ..., "state_dict": model.state_dict()}, path)'
        )
    try:
        state = weights_below(content["state_dict"], "")
        stored = require_dense(MARKS[0], state[MARKS[0]]).dtype
        with Allowance(2 * stored_numbers(state) + SPARE_NUMBERS):
            net = eSCN(**{str(name): value for name, value in content["config"].items()})
        net = net.to(dtype or (torch.float32 if stored in HALF else stored))
        _check(net, state)
        net.load_state_dict(state)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return ESCNEnergyModel(net).eval()


def _check(net: eSCN, state: Mapping[str, Any]) -> None:
    """Names, shapes and values of the weights."""
    wanted = net.state_dict()
    for key, own in wanted.items():
        found = state.get(key)
        if not isinstance(found, Tensor):
            raise CheckpointError(f"key {key!r} of shape {list(own.shape)} is missing")
        require_dense(key, found)
        if found.shape != own.shape:
            raise CheckpointError(
                f"key {key!r} has shape {list(found.shape)}, expected {list(own.shape)}"
            )
        if not bool(torch.isfinite(found).all()):
            raise CheckpointError(f"key {key!r} holds values that are not finite")
    others = sorted(key for key in state if key not in wanted and not DERIVED.search(key))
    if others:
        raise CheckpointError(
            f"{len(others)} keys have no place in the model that its options describe, first "
            f"{others[0]!r}; options and weights do not belong together"
        )
