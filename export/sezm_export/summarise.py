"""What a model is to its users: size, heads, unusual options, cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sezm_models import CheckpointError, checkpoint_heads

from sezm_infer.errors import SezmError
from sezm_infer.files import file_digest
from sezm_infer.metadata import Metadata

from .cost import cost_per_atom
from .describe import describe
from .flat_function import EnergyModel
from .load import read_simplified


def summarise(model: EnergyModel) -> dict[str, Any]:
    """The ``summary`` of the metadata.

    Returns:
        number of trained parameters and cost per atom, and what the model says of itself in an
        attribute ``summary``, if it has one.
    """
    about = getattr(model, "summary", {})
    parameters = getattr(model, "trained_parameters", sum(p.numel() for p in model.parameters()))
    return about | {"parameters": parameters, "cost_per_atom": cost_per_atom(model)._asdict()}


def describe_checkpoint(path: Path, head: str | None = None, ema: bool = False) -> Metadata:
    """What a checkpoint says of itself.

    Args:
        path: of the checkpoint.
        head: branch of a multitask checkpoint; the default one if None.
        ema: averaged weights.

    Raises:
        SezmError: as :func:`~sezm_export.load.read_simplified`.
    """
    model = read_simplified(path, None, head, ema)
    heads = {"heads": [head.name for head in checkpoint_heads(path)]}
    return replace(describe(model, file_digest(path)), summary=heads | summarise(model))


def heads_to_choose_from(path: Path) -> dict[str, str]:
    """What each head of a multitask checkpoint predicts; {} if one is read without being named.

    Raises:
        SezmError: no checkpoint.
    """
    try:
        heads = checkpoint_heads(path)
    except CheckpointError as error:
        raise SezmError(str(error)) from error
    return (
        {} if any(head.is_default for head in heads) else {head.name: head.kind for head in heads}
    )
