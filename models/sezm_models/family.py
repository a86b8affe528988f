"""What a family of models gives: one ``FAMILY`` in the module ``family`` of its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .checkpoint_head import CheckpointHead
from .model_file import ModelFile


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


def no_heads(file: ModelFile) -> tuple[CheckpointHead, ...]:
    """Of families whose files hold one model."""
    return ()


@dataclass(frozen=True)
class Family:
    """An architecture with files of its own.

    Attributes:
        name: of the architecture.
        files: what its files are, for error messages.
        recognises: whether a file is of this family, by its content, whatever its name is.
        read: a model of such a file.
        heads: the heads of a file that has several; none of others.
    """

    name: str
    files: str
    recognises: Callable[[ModelFile], bool]
    read: Callable[[ModelFile, Choices], Any]
    heads: Callable[[ModelFile], tuple[CheckpointHead, ...]] = no_heads
