"""The families of models, and which of them a file belongs to.

A family is a folder that gives two functions: ``recognises`` tells its files by their content,
whatever their names are, and ``read`` makes a model of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from .checkpoint_file import load_checkpoint_file
from .errors import CheckpointError
from .escn import reader as escn
from .sezm import reader as sezm


class ModelFile:
    """A file that is some model.

    Args:
        path: where it is.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The dictionary of a torch checkpoint or a .dp file.

        Raises:
            CheckpointError: it is neither.
        """
        return load_checkpoint_file(self.path)


@dataclass(frozen=True)
class Choices:
    """What a user may choose when a file is read.

    Attributes:
        dtype: evaluate in this precision; the trained one if None.
        head: one of several in the file; the default one if None.
        ema: averaged weights.
    """

    dtype: torch.dtype | None = None
    head: str | None = None
    ema: bool = False


@dataclass(frozen=True)
class Family:
    """An architecture with files of its own.

    Attributes:
        files: what they are, for error messages.
        recognises: whether a file is of this family, by its content.
        read: a model of such a file.
    """

    files: str
    recognises: Callable[[ModelFile], bool]
    read: Callable[[ModelFile, Choices], Any]


def _read_sezm(file: ModelFile, choices: Choices) -> Any:
    return sezm.model_from_checkpoint(
        file.content, choices.dtype, choices.head, str(file.path), choices.ema
    )


def _read_escn(file: ModelFile, choices: Choices) -> Any:
    if choices.head is not None or choices.ema:
        raise CheckpointError(
            f"{file.path}: an eSCN model has no heads to choose and no averaged weights; leave "
            "--head and --ema out"
        )
    return escn.model_from_content(file.content, str(file.path), choices.dtype)


FAMILIES = (
    Family(
        "checkpoints of DeePMD-kit's PyTorch trainer with a DPA4/SeZM model, .dp files made from "
        "them",
        lambda file: sezm.is_sezm_checkpoint(file.content),
        _read_sezm,
    ),
    Family(
        "eSCN models of fairchem, written with "
        'torch.save({"config": ..., "state_dict": ...}, path)',
        lambda file: escn.recognises(file.content),
        _read_escn,
    ),
)
"""In the order in which a file is tried."""


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
    for family in FAMILIES:
        if family.recognises(file):
            return family.read(file, Choices(dtype, head, ema))
    found = ", ".join(repr(str(key)) for key in list(file.content)[:5]) or "nothing"
    supported = "; ".join(family.files for family in FAMILIES)
    raise CheckpointError(
        f"{path}: of no known family (it holds {found}); only these are supported: {supported}"
    )
