"""Whether files compute the same, by what they say of themselves."""

from __future__ import annotations

import json
from pathlib import Path

from ..metadata import Metadata
from .sniff import FileKind, embedded_metadata, sniff


def is_same_model(portable: Path, metadata: Metadata) -> bool:
    """Whether a file is there, in ONNX format, and computes what another file's metadata say.

    Raises:
        SezmError: it is damaged, or was not written by ``sezm export``.
    """
    if not portable.is_file() or sniff(portable) is not FileKind.ONNX:
        return False
    theirs, ours = (
        json.loads(record.to_json())
        for record in (embedded_metadata(portable, FileKind.ONNX), metadata)
    )
    what_counts = ("checkpoint_sha256", "configuration", "dtype", "inputs", "outputs")
    return all(theirs[key] == ours[key] for key in what_counts)


def is_general(metadata: Metadata) -> bool:
    """Whether a file is for every purpose: any sizes, all at once, no input that programs give."""
    return (
        metadata.static_sizes is None
        and metadata.stages is None
        and all(spec.name != "wigner" for spec in metadata.inputs)
    )


def is_as_checkpoint(
    metadata: Metadata, dtype: str | None = None, head: str | None = None, ema: bool = False
) -> bool:
    """Whether a file computes what its checkpoint does when it is opened with these options.

    Args:
        metadata: of the file.
        dtype: None for the checkpoint's own precision.
        head: its exact name; None for the one that the checkpoint is opened with by default.
        ema: averaged weights.
    """
    asked_for, branch = metadata.summary.get("asked_for"), metadata.configuration.get("branch")
    if head is None:
        # Earlier files do not tell whether their head is the default one.
        is_head = branch is None or (asked_for is not None and "head" not in asked_for)
    else:
        is_head = branch == head
    asked_for = asked_for or {}
    is_dtype = "dtype" not in asked_for if dtype is None else metadata.dtype == dtype
    is_ema = bool(metadata.configuration.get("ema")) == ema
    return is_head and is_dtype and is_ema and "forces" not in asked_for
