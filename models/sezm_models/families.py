"""The families of models, and which of them a file belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .checkpoint_head import CheckpointHead
from .errors import CheckpointError
from .escn.family import FAMILY as ESCN
from .family import Choices, Family
from .model_file import ModelFile
from .nequip.family import FAMILY as NEQUIP
from .sezm.family import FAMILY as SEZM

FAMILIES = (SEZM, ESCN, NEQUIP)
"""In the order in which a file is tried."""


def family_of(file: ModelFile) -> Family:
    """The family of a file.

    Raises:
        CheckpointError: a file that cannot be opened, or is of no family, with those there are.
    """
    for family in FAMILIES:
        if family.recognises(file):
            return family
    found = ", ".join(map(repr, file.names[:5])) or "nothing"
    supported = "; ".join(family.files for family in FAMILIES)
    raise CheckpointError(
        f"{file.path}: of no known family (it holds {found}); only these are supported: {supported}"
    )


def read_checkpoint(
    path: str | Path,
    dtype: torch.dtype | None = None,
    head: str | None = None,
    ema: bool = False,
) -> Any:
    """A model ready to evaluate, of whatever family the file is.

    Args:
        path: of a trained model; what can be read is listed in :data:`FAMILIES`.
        dtype: evaluate in this precision; the trained one if None, and float32 if that is half
            precision.
        head: one of several in the file; the default one if None.
        ema: take the averaged weights that the checkpoint carries beside its own.

    Raises:
        CheckpointError: with what was found and what was expected.
    """
    file = ModelFile(path)
    return family_of(file).read(file, Choices(dtype, head, ema))


def checkpoint_heads(path: str | Path) -> tuple[CheckpointHead, ...]:
    """The heads of a file that has several; none of one that holds a single model.

    Raises:
        CheckpointError: as :func:`read_checkpoint`.
    """
    file = ModelFile(path)
    return family_of(file).heads(file)
