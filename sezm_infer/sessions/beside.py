"""The files beside a checkpoint that compute the same."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnxruntime

from ..compiled_for import torch_version
from ..errors import SezmWarning
from ..files import file_digest
from .folder import ExportedFile, FolderContent, ModelFile, look_into
from .options import Options
from .same_model import is_as_checkpoint, is_general
from .sniff import FileKind

ORDER = (FileKind.ONNX, FileKind.TORCHSCRIPT, FileKind.CHECKPOINT)
"""Best first, where nothing was measured. Compiled files are native code, which nobody should run
without having named it."""


def with_exported(
    checkpoint: ModelFile, options: Options, content: FolderContent | None = None
) -> list[ModelFile]:
    """The files beside a checkpoint that compute what it does, then the checkpoint.

    The checkpoint is left out where there is no torch, unless it is all there is.

    Args:
        checkpoint: what is to be run.
        options: how.
        content: of its folder, if that is known.
    """
    content = content or look_into(checkpoint.path.parent)
    if not content.exported and not content.unreadable:
        return [checkpoint]
    digest = file_digest(checkpoint.path)
    same = [file for file in content.exported if file.metadata.checkpoint_sha256 == digest]
    reasons = content.unreadable | {
        file.path: f"{file.path}: made from another checkpoint than {checkpoint.path.name}; "
        f"export it again ('sezm export {checkpoint.path} -o {file.path}')."
        for file in content.exported
        if file not in same
    }
    warn_of_useless(reasons, [checkpoint])
    wanted = [
        file
        for file in same
        if is_general(file.metadata)
        and is_as_checkpoint(file.metadata, options.dtype, options.head, options.ema)
    ]
    found = runnable(wanted, options.device)
    return [*found] if found and torch_version() is None else [*found, checkpoint]


def runnable(files: Sequence[ExportedFile], device: str) -> list[ExportedFile]:
    """Those that can be run here, by ``ORDER``, the ones with fewer outputs first."""
    return sorted(
        (file for file in files if _runs_here(file, device)),
        key=lambda file: (ORDER.index(file.kind), len(file.metadata.outputs)),
    )


def warn_of_useless(reasons: Mapping[Path, str], used: Sequence[ModelFile]) -> None:
    """Say why files are not used that are named after those that are.

    Others may lie in the same folder for reasons of their own.
    """
    names = {named_after(file.path) for file in used}
    for path, reason in reasons.items():
        if named_after(path) in names:
            warnings.warn(f"not used: {reason}", SezmWarning, stacklevel=6)


def named_after(path: Path) -> str:
    """What files of one model have in common: "model" of model.ckpt.pt and model.onnx."""
    return path.name.split(".")[0]


def _runs_here(file: ExportedFile, device: str) -> bool:
    if file.kind not in ORDER:
        return False
    if file.kind is FileKind.ONNX:
        providers = onnxruntime.get_available_providers()
        return device == "cpu" or "CUDAExecutionProvider" in providers
    return torch_version() is not None
