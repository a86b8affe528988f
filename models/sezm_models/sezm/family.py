"""SeZM/DPA4 among the families of models."""

from __future__ import annotations

from ..family import Family
from .reader import heads_of_content, is_sezm_checkpoint, model_from_checkpoint

FAMILY = Family(
    name="DPA4/SeZM",
    files="checkpoints of DeePMD-kit's PyTorch trainer with a DPA4/SeZM model, .dp files made from "
    "them",
    recognises=lambda file: is_sezm_checkpoint(file.content),
    read=lambda file, choices: model_from_checkpoint(
        file.content, choices.dtype, choices.head, str(file.path), choices.ema
    ),
    heads=lambda file: heads_of_content(file.content, str(file.path)),
)
