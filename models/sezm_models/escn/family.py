"""eSCN among the families of models."""

from __future__ import annotations

from ..errors import CheckpointError
from ..family import Choices, Family
from ..model_file import ModelFile
from .energy_model import ESCNEnergyModel
from .reader import model_from_content, recognises


def _read(file: ModelFile, choices: Choices) -> ESCNEnergyModel:
    if choices.head is not None or choices.ema:
        raise CheckpointError(
            f"{file.path}: an eSCN model has no heads to choose and no averaged weights; leave "
            "--head and --ema out"
        )
    return model_from_content(file.content, str(file.path), choices.dtype)


FAMILY = Family(
    name="eSCN",
    files="eSCN models of fairchem, written with "
    'torch.save({"config": ..., "state_dict": ...}, path)',
    recognises=lambda file: recognises(file.content),
    read=_read,
)
