"""Low-rank adapters of a fine-tuning run, folded into the weights beside them (sezm.md 1.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import CheckpointError
from ..stored_weights import require_dense

FACTOR = re.compile(r"^(?P<layer>.+)\.[AB]_(?P<part>by_l|m0|m\.\d+)$")
"""Key of one of the two factors: of a SO3Linear ("by_l"), or of one order of a SO2Linear."""


def fold_adapters(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the same model without adapters.

    ``W[..., i, o] += s * sum_r B[..., o, r] A[..., r, i]``, s being the layer's ``lora_scaling``,
    or 1. The sums are float64, so that they are rounded once, to the dtype of the model.

    Raises:
        CheckpointError: a factor, or the weight it belongs to, is missing or of another shape.
    """
    folded = {
        key: value
        for key, value in weights.items()
        if not FACTOR.match(key) and not key.endswith(".lora_scaling")
    }
    found = [match for match in map(FACTOR.match, weights) if match]
    for layer, part in sorted({(match["layer"], match["part"]) for match in found}):
        target = f"{layer}.weight" if part == "by_l" else f"{layer}.weight_{part}"
        folded[target] = _folded(weights, layer, part, target)
    return folded


def _folded(weights: Mapping[str, Tensor], layer: str, part: str, target: str) -> Tensor:
    """One weight with its adapter: [..., I, O]."""
    keys = f"{layer}.A_{part}", f"{layer}.B_{part}", target
    for key in keys:
        if key not in weights:
            raise CheckpointError(
                f"key {key!r} is missing, though the file holds LoRA adapters of {layer!r}"
            )
    down, up, weight = (require_dense(key, weights[key]).double() for key in keys)
    scaling_key = f"{layer}.lora_scaling"
    scaling = require_dense(scaling_key, weights.get(scaling_key, torch.ones(())))
    if scaling.numel() != 1:
        raise CheckpointError(
            f"key {scaling_key!r} has shape {list(scaling.shape)}, expected one number"
        )
    if weight.ndim < 2:
        raise CheckpointError(f"key {target!r} has shape {list(weight.shape)}, expected a matrix")
    *degrees, n_in, n_out = weight.shape
    rank = down.shape[-2] if down.ndim == weight.ndim else 1
    for key, factor, shape in (
        (keys[0], down, [*degrees, rank, n_in]),
        (keys[1], up, [*degrees, n_out, rank]),
    ):
        if list(factor.shape) != shape:
            raise CheckpointError(f"key {key!r} has shape {list(factor.shape)}, expected {shape}")
    return weight + scaling.double() * (up @ down).transpose(-1, -2)
