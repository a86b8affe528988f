"""A folder as a model: all its files are of one, or it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import SezmError
from ..files import file_digest
from ..metadata import Metadata
from .beside import named_after, runnable, warn_of_useless, with_exported
from .folder import ExportedFile, ModelFile, distinct, look_into
from .options import Options
from .same_model import is_as_checkpoint, is_general


def files_of_folder(folder: Path, options: Options) -> Sequence[ModelFile]:
    """The files of a folder's model that can be run here, best first.

    Raises:
        SezmError: no model, several, or several that compute different things.
    """
    content = look_into(folder)
    checkpoints = distinct(content.checkpoints)
    if not checkpoints and not content.exported:
        problem = "".join(f" ({text})" for text in list(content.unreadable.values())[:1])
        raise SezmError(
            f"{folder}: a folder without a model{problem}; give the path of a checkpoint or of a "
            "file that 'sezm export' wrote, or a folder that holds one (.onnx, .pt, .pt2, .dp)."
        )
    _require_one_model(folder, content.exported, checkpoints)
    if options.eager and not checkpoints:
        raise SezmError(f"{folder}: no checkpoint in this folder; give the path of one.")
    if options.eager:
        return checkpoints
    if checkpoints:
        return with_exported(checkpoints[0], options, content)
    warn_of_useless(content.unreadable, content.exported)
    return _without_checkpoint(folder, content.exported, options)


def _require_one_model(
    folder: Path, exported: Sequence[ExportedFile], checkpoints: Sequence[ModelFile]
) -> None:
    """Files that are named after the checkpoint but made from another are stale, not a model."""
    others = list(exported)
    if len(checkpoints) == 1 and exported:
        (checkpoint,) = checkpoints
        digest, name = file_digest(checkpoint.path), named_after(checkpoint.path)
        others = [
            file
            for file in exported
            if file.metadata.checkpoint_sha256 != digest and named_after(file.path) != name
        ]
    # Files that name no checkpoint are not known to be of the same one.
    first = {file.metadata.checkpoint_sha256 or file.path.name: file for file in reversed(others)}
    names = [file.path.name for file in (*checkpoints, *reversed(first.values()))]
    if len(names) > 1:
        raise SezmError(
            f"{folder}: a folder with several models, {', '.join(names[:5])}; give the path of one "
            "file (exported ones are of one model if they were made from the same checkpoint)."
        )


def _without_checkpoint(
    folder: Path, exported: Sequence[ExportedFile], options: Options
) -> list[ExportedFile]:
    """Exported files of one checkpoint: those of the wanted kind, all computing the same."""
    general = [file for file in exported if is_general(file.metadata)]
    if not general:
        raise SezmError(
            f"{folder}: only files for special purposes ({_names(exported)}: of fixed sizes, "
            "staged, or with given Wigner matrices); give the path of one."
        )
    fitting = [
        file
        for file in general
        if options.dtype in (None, file.metadata.dtype)
        and options.head in (None, file.metadata.configuration.get("branch"))
        and (file.metadata.configuration.get("ema") or not options.ema)
    ]
    wanted = [
        file
        for file in fitting
        if is_as_checkpoint(file.metadata, options.dtype, options.head, options.ema)
    ] or fitting
    forms = {_form(file.metadata): file.path.name for file in wanted or general}
    if len(forms) > 1 or not wanted:
        listed = "; ".join(f"{name} ({form})" for form, name in forms.items())
        problem = "files that compute different things" if wanted else "no file as asked for, but"
        raise SezmError(
            f"{folder}: {problem} {listed}; choose by dtype, head and ema, or give the path of one "
            "file."
        )
    found = runnable(wanted, options.device)
    if not found:
        raise SezmError(
            f"{folder}: {_names(wanted)} cannot be run here on device {options.device!r}; export "
            "an .onnx file, or install what its format needs (pip install 'sezm-infer[export]')."
        )
    return found


def _names(files: Sequence[ExportedFile]) -> str:
    return ", ".join(file.path.name for file in files[:5])


def _form(metadata: Metadata) -> str:
    """What may differ between files of one checkpoint."""
    branch, is_averaged = (metadata.configuration.get(key) for key in ("branch", "ema"))
    parts = [metadata.dtype, f"{metadata.forces_kind} forces"]
    parts += [f"head {branch}"] if branch else []
    parts += ["averaged weights"] if is_averaged else []
    return ", ".join(parts)
