"""Staged files of recorded configurations."""

from __future__ import annotations

from pathlib import Path

import torch
from recorded import model
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.stage_functions import StageFunctions
from sezm_export.trace_stages import trace_stages


def write_staged(
    configuration: str, path: Path, dtype: str = "float64", *, atom_virial: bool = False
) -> Path:
    """Write the file, whose suffix chooses the format, unless it is there."""
    if not path.exists():
        functions = StageFunctions(model(configuration, getattr(torch, dtype)))
        metadata = describe(
            functions.model, "0" * 64, atom_virial=atom_virial, stages=functions.widths
        )
        file_format = format_of(path)
        lowered = file_format.lower_staged(trace_stages(functions), metadata)
        file_format.save(lowered, metadata, path)
    return path
