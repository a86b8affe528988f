"""Weights as they are stored, checked before anything is computed with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .errors import CheckpointError

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def weights_below(section: Mapping[str, Any], prefix: str) -> dict[str, Tensor]:
    """Tensors of a state dict whose keys begin with a prefix, by the rest of the key.

    Raises:
        CheckpointError: a key is no text, or an entry no tensor.
    """
    weights = {}
    for key, value in section.items():
        if not isinstance(key, str):
            raise CheckpointError(
                f"the state dict has the key {key!r}, which is no name; get a good copy of the "
                "checkpoint"
            )
        if not key.startswith(prefix):
            continue
        if not isinstance(value, Tensor):
            raise CheckpointError(
                f"key {key.removeprefix(prefix)!r} holds a {type(value).__name__}, expected a "
                "tensor; get a good copy of the checkpoint"
            )
        weights[key.removeprefix(prefix)] = value
    return weights


def require_dense(key: str, weight: Tensor) -> Tensor:
    """The weight, if it is an ordinary array of floating-point numbers in memory.

    Raises:
        CheckpointError: sparse, quantised, of integers, without values, ...; named in the text.
    """
    found = None
    if weight.dtype not in FLOATS:
        found = f"numbers of type {str(weight.dtype).removeprefix('torch.')}"
    elif weight.is_nested or weight.layout is not torch.strided:
        found = "a nested or sparse array"
    elif weight.device.type != "cpu":
        found = f"an array without values ({weight.device.type})"
    elif weight.numel() * weight.itemsize > weight.untyped_storage().nbytes():
        found = f"{weight.numel()} numbers that share their memory"
    if found is not None:
        raise CheckpointError(
            f"key {key!r} holds {found}, expected an ordinary array of floating-point numbers; "
            "save the checkpoint without quantising or packing it"
        )
    return weight


def stored_numbers(weights: Mapping[str, Tensor]) -> int:
    """How many numbers the weights have in memory."""
    return sum(
        weight.numel()
        for weight in weights.values()
        if weight.layout is torch.strided
        and not weight.is_nested
        and weight.device.type == "cpu"
        and weight.numel() * weight.itemsize <= weight.untyped_storage().nbytes()
    )
