"""Folders as users have them: a checkpoint and files that were made from it, or were not."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

from toy_files import toy_metadata, write_toy_onnx, write_toy_torchscript

from sezm_infer.files import file_digest
from sezm_infer.metadata import Metadata


def write_stand_in(path: Path, content: str = "weights") -> Path:
    """What counts as a checkpoint until it is opened, which it cannot be."""
    path.write_bytes(pickle.dumps({"model": content}))
    return path


def made_from(checkpoint: Path, dtype: str = "float64", **changes: Any) -> Metadata:
    """The record of a toy file that was made from a checkpoint; ``asked_for`` is of the summary."""
    asked_for = changes.pop("asked_for", {})
    return replace(
        toy_metadata(dtype),
        checkpoint_sha256=file_digest(checkpoint),
        **({"summary": {"asked_for": asked_for}} | changes),
    )


def write_exported(path: Path, metadata: Metadata) -> Path:
    """A toy file, in the format of its suffix."""
    write = write_toy_onnx if path.suffix == ".onnx" else write_toy_torchscript
    return write(path, metadata)
