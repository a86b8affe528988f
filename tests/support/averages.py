"""Checkpoints with averaged weights, in the two ways in which DeePMD-kit's trainer saves them."""

from __future__ import annotations

import copy

from file_variants import model_params
from sezm_models.sezm.parameter_names import is_parameter


def with_averages(checkpoint: dict) -> tuple[dict, dict]:
    """A checkpoint with a section of averages, and the separate file that DeePMD-kit writes."""
    separate = copy.deepcopy(checkpoint)
    averages = {}
    single = "model_dict" not in model_params(checkpoint)
    for key, value in separate["model"].items():
        if key != "_extra_state" and is_parameter(key):
            value.mul_(0.75)
            averages[key.removeprefix("model.Default." if single else "model.")] = value.clone()
    section = {"decay": 0.999, "model": averages, "validation_state": {}}
    return checkpoint | {"ema": section, "optimizer": {}}, separate
