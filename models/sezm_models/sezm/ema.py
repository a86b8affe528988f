"""Averaged parameters (EMA) that an ordinary checkpoint carries beside its own (sezm.md 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..errors import CheckpointError
from ..stored_weights import weights_below
from .parameter_names import is_parameter


def averaged_weights(
    weights: Mapping[str, Tensor], content: Mapping[str, Any], prefix: str
) -> dict[str, Tensor]:
    """The weights with every parameter replaced by its average; buffers stay.

    Args:
        weights: of the ordinary section, by key below ``atomic_model.``.
        content: of the checkpoint file.
        prefix: of the branch's names in the section of averages.

    Raises:
        CheckpointError: there is no such section, or it belongs to another model.
    """
    section = content.get("ema")
    names = section.get("model") if isinstance(section, Mapping) else None
    if not isinstance(names, Mapping):
        raise CheckpointError(
            "averaged weights (--ema) asked for, but the file has no section 'ema'; leave --ema "
            "out, or give a checkpoint that was saved with enable_ema"
        )
    averages = weights_below(names, prefix)
    strangers = sorted(set(averages) - set(weights))
    missing = sorted(key for key in weights if is_parameter(key) and key not in averages)
    if missing or strangers:
        key, where = (missing[0], "lacks") if missing else (strangers[0], "alone has")
        raise CheckpointError(
            f"the section 'ema' {where} the parameter {key!r}; it does not belong to the model in "
            "this file, leave --ema out"
        )
    return {**weights, **averages}
