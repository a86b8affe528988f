"""NequIP among the families of models."""

from __future__ import annotations

from ..errors import CheckpointError
from ..family import Choices, Family
from ..model_file import ModelFile
from .model import Nequip
from .reader import heads_of_file, read, recognises


def _read(file: ModelFile, choices: Choices) -> Nequip:
    if choices.ema:
        raise CheckpointError(
            f"{file.path}: a file of mlip has no averaged weights; leave --ema out"
        )
    return read(file.path, dtype=choices.dtype, head=choices.head)


FAMILY = Family(
    name="NequIP",
    files="NequIP models of mlip, zip files that its save_model_to_zip wrote",
    recognises=lambda file: recognises(file.members, file.first_member),
    read=_read,
    heads=lambda file: heads_of_file(file.path),
)
