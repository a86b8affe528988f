"""Checkpoints as they are stored, and what their models compute."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from file_variants import model_params
from recorded import Recorded, edges, evaluate
from sezm_models.sezm.model import SeZM
from sezm_models.sezm.parameter_names import is_parameter
from sezm_models.sezm.reader import model_from_checkpoint


def read(checkpoint: dict, dtype: torch.dtype | None = None, **options: Any) -> SeZM:
    """The model of a checkpoint's dictionary."""
    return model_from_checkpoint(checkpoint, dtype, options.pop("head", None), "file", **options)


def results(net: SeZM, case: Recorded) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    index, vec = edges(case.pos, case.cell, case.pbc, net.cutoff)
    return evaluate(net, case.atomic_numbers, index, vec)


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


def assert_same(a: SeZM, b: SeZM) -> None:
    """Equal parameters, bit for bit."""
    pairs = [*zip(a.parameters(), b.parameters(), strict=True), (a.energy_bias, b.energy_bias)]
    for x, y in pairs:
        torch.testing.assert_close(x, y, rtol=0, atol=0)
