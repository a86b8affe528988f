"""Checkpoints as models, and the errors of their reader as errors of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from sezm_models import CheckpointError, read_checkpoint, simplify

from sezm_infer.errors import SezmError

from .flat_function import EnergyModel

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def load_model(
    path: Path, dtype: str | None = None, head: str | None = None, ema: bool = False
) -> EnergyModel:
    """Read a checkpoint as what is evaluated and exported.

    Arguments and errors are those of :func:`read_simplified`.

    Raises:
        SezmError: also if the model has no energy.
    """
    model = read_simplified(path, dtype, head, ema)
    if model.forces_kind == "none":
        raise SezmError(
            f"{path}: the model predicts a property, not an energy, and runs in no calculator; "
            "evaluate it in Python (sezm_models.read_checkpoint)."
        )
    return cast(EnergyModel, model)


def read_simplified(
    path: Path, dtype: str | None = None, head: str | None = None, ema: bool = False
) -> Any:
    """Read a checkpoint with any head, simplified.

    Args:
        path: of the checkpoint.
        dtype: "float32" or "float64"; None for the checkpoint's own.
        head: branch of a multitask checkpoint.
        ema: take the averaged weights that the checkpoint carries beside its own.

    Raises:
        SezmError: no such file, no checkpoint, an option that is not supported, or an unknown
            head.
    """
    if not path.is_file():
        raise SezmError(f"{path}: no such checkpoint file.")
    if dtype is not None and dtype not in DTYPES:
        raise SezmError(f"dtype {dtype!r} is unknown; use 'float32' or 'float64'.")
    try:
        torch_dtype = None if dtype is None else DTYPES[dtype]
        model = read_checkpoint(path, dtype=torch_dtype, head=head, ema=ema)
    except CheckpointError as error:
        raise SezmError(str(error)) from error
    return simplify(model)


def own_dtype(path: Path, head: str | None = None, ema: bool = False) -> str:
    """The precision in which a checkpoint is evaluated if none is asked for.

    Arguments are those of :func:`read_simplified`, for a checkpoint that it has read.
    """
    return str(read_checkpoint(path, head=head, ema=ema).dtype).removeprefix("torch.")
