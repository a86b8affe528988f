"""An exported file that was named: nothing is chosen, and options of checkpoints do not fit it."""

from __future__ import annotations

import warnings
from pathlib import Path

from ..compiled_for import obstacle
from ..errors import SezmError, SezmWarning
from ..metadata import Metadata
from .aotinductor import SUFFIX
from .folder import ExportedFile
from .options import Options
from .same_model import is_same_model
from .sniff import FileKind, embedded_metadata


def named_file(path: Path, kind: FileKind, options: Options) -> ExportedFile:
    """An exported file itself, or what stands in for a compiled one on another machine.

    Raises:
        SezmError: damaged, not written by ``sezm export``, or an option that does not fit it.
    """
    if kind is FileKind.AOTINDUCTOR and path.suffix != SUFFIX:
        raise SezmError(
            f"{path}: compiled native code, which runs whatever its maker wants; if you trust it, "
            f"name it {path.stem}{SUFFIX}, as it was when it was exported."
        )
    metadata = embedded_metadata(path, kind)
    _refuse_checkpoint_options(path, metadata, options)
    target = metadata.compiled_for
    problem = None if target is None else obstacle(target, options.device)
    if target is None or problem is None:
        return ExportedFile(path, kind, metadata)
    portable = path.with_name(target.portable_file)
    if not is_same_model(portable, metadata):
        raise SezmError(
            f"{path}: {problem}; copy its portable file {portable.name} beside it, or export it "
            f"here ('sezm export CHECKPOINT -o {path.name}')."
        )
    warnings.warn(
        f"{path}: {problem}; running the portable file {portable.name} beside it. Export it here "
        "for its full speed.",
        SezmWarning,
        stacklevel=5,
    )
    return ExportedFile(portable, FileKind.ONNX, embedded_metadata(portable, FileKind.ONNX))


def _refuse_checkpoint_options(path: Path, metadata: Metadata, options: Options) -> None:
    dtype, head = options.dtype, options.head
    if dtype is not None and dtype != metadata.dtype:
        raise SezmError(
            f"{path}: computes in {metadata.dtype} since its export; for {dtype} run "
            f"'sezm export --dtype {dtype}' on the checkpoint."
        )
    if head is not None:
        raise SezmError(
            f"{path}: an exported file holds one head; choose it with 'sezm export --head {head}'."
        )
    if options.ema:
        raise SezmError(
            f"{path}: an exported file holds one set of weights; choose averaged ones with "
            "'sezm export --ema'."
        )
    if options.eager:
        raise SezmError(f"{path}: an exported file; give the checkpoint to evaluate that itself.")
