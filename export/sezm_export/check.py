"""Prove a file that exists already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sezm_infer.errors import SezmError
from sezm_infer.files import file_digest
from sezm_infer.metadata import Metadata
from sezm_infer.sessions import open_session
from sezm_infer.sessions.sniff import FileKind, sniff

from .flat_function import EnergyModel
from .load import load_model
from .variant import variant_of
from .verification import Progress, verify


def check(
    file: str | Path,
    checkpoint: str | Path,
    head: str | None = None,
    ema: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare an exported file with the checkpoint it was made from, afresh.

    Args:
        file: written by ``sezm export``.
        checkpoint: what it should compute.
        head: branch of a multitask checkpoint; the one that the file holds if None.
        ema: compare with the averaged weights that the checkpoint carries beside its own.
        progress: called with a sentence at each step.

    Returns:
        what was compared, tolerances and largest deviations, as in the file's metadata.

    Raises:
        SezmError: either file cannot be read, the checkpoint is another one than the file was made
            from, or a deviation beyond tolerance.
    """
    file, checkpoint = Path(file), Path(checkpoint)
    report = progress or (lambda step: None)
    if sniff(file) is FileKind.CHECKPOINT:
        raise SezmError(f"{file}: a checkpoint; give the exported file, then the checkpoint.")
    metadata = open_session(file).metadata
    digest = file_digest(checkpoint) if checkpoint.is_file() else ""
    _require_same_weights(file, bool(metadata.configuration.get("ema")), ema)
    branch = metadata.configuration.get("branch")
    is_its_checkpoint = digest == metadata.checkpoint_sha256
    asked = branch if head is None and is_its_checkpoint else head
    model = load_model(checkpoint, metadata.dtype, asked, ema)
    if not is_its_checkpoint:
        raise SezmError(
            f"{file} was not made from {checkpoint}: its checkpoint had SHA-256 "
            f"{metadata.checkpoint_sha256[:12]}..., this one has {digest[:12]}...; give the right "
            "one, or export again."
        )
    _require_same_branch(file, metadata.configuration, model.configuration)
    if sniff(file) is FileKind.ONNX:
        from .onnx import require_no_racing_sum

        require_no_racing_sum(file)
    return verify(file, _as_exported(model, metadata), metadata, report)


def _as_exported(model: EnergyModel, metadata: Metadata) -> EnergyModel:
    """With the forces and inputs that the file has."""
    taken = {spec.name for spec in metadata.inputs}
    wigner = "input" if "wigner" in taken else None
    return variant_of(model, wigner=wigner, forces=metadata.forces_kind)


def _require_same_weights(file: Path, of_file: bool, asked: bool) -> None:
    """Averaged weights are compared with averaged weights only."""
    if of_file != asked:
        made_from, remedy = ("averaged", "add --ema") if of_file else ("plain", "leave --ema out")
        raise SezmError(f"{file}: made from the {made_from} weights of its checkpoint; {remedy}.")


def _require_same_branch(file: Path, of_file: dict[str, Any], of_model: dict[str, Any]) -> None:
    """A head is compared with itself only; files of earlier versions do not name theirs."""
    if "branch" in of_file and of_file["branch"] != of_model.get("branch"):
        raise SezmError(
            f"{file}: made from the head {of_file['branch']!r} of its checkpoint, not from "
            f"{of_model.get('branch')!r}; leave --head out."
        )
