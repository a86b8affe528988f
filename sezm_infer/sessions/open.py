"""One door for every kind of model file."""

from __future__ import annotations

from pathlib import Path

from .. import zoo
from ..errors import SezmError
from ..metadata import Metadata
from .device import check_threads, parse_device
from .onnx import OnnxSession
from .protocol import Session
from .sniff import FileKind, embedded_metadata, sniff
from .staged import StagedSession
from .static_padding import StaticPaddingSession
from .torchscript import TorchScriptSession, require_torch


def open_session(
    model: str | Path,
    device: str = "cpu",
    threads: int | None = None,
    dtype: str | None = None,
    head: str | None = None,
    ema: bool = False,
) -> Session:
    """Open an exported file, a checkpoint, or a bundled model; its content decides which it is.

    Args:
        model: path of a file, or the name of a bundled model.
        device: "cpu", "cuda" or "cuda:N".
        threads: threads within an operator; None leaves the engine's own choice.
        dtype: "float32" or "float64", for checkpoints; files have theirs since export.
        head: which head of a multitask checkpoint.
        ema: the averaged weights that a checkpoint carries beside its own.

    Raises:
        SezmError: no such file or name, a file that cannot be run, an option that does not fit it.
    """
    check_threads(threads)
    parse_device(device)
    path = zoo.resolve(model)
    kind = sniff(path)
    if kind is FileKind.CHECKPOINT:
        return _open_checkpoint(path, device, threads, dtype, head, ema)
    session: Session
    if kind is FileKind.ONNX:
        session = OnnxSession(path, device, threads)
    else:
        session = TorchScriptSession(path, device, threads)
    _refuse_export_options(path, session.metadata, dtype, head, ema)
    if session.metadata.stages is not None:
        return StagedSession(session)
    return session if session.metadata.static_sizes is None else StaticPaddingSession(session)


def read_metadata(
    model: str | Path, head: str | None = None, ema: bool = False
) -> tuple[Path, FileKind, Metadata]:
    """What a model says of itself; exported files are not loaded for it, checkpoints are.

    Returns:
        the file, its kind, its metadata (``head`` and ``ema`` choose in checkpoints).

    Raises:
        SezmError: as :func:`open_session`.
    """
    path = zoo.resolve(model)
    kind = sniff(path)
    if kind is FileKind.CHECKPOINT:
        require_torch(f"{path}: checkpoints")
        from sezm_export.summarise import describe_checkpoint

        return path, kind, describe_checkpoint(path, head, ema)
    return path, kind, embedded_metadata(path, kind)


def read_heads(model: str | Path) -> tuple[Path, dict[str, str]]:
    """The heads of a checkpoint that has several, and none to take by default.

    Returns:
        the file, and what each head predicts ("energy", "dens" or "property"); no heads of any
        other file, where none needs to be chosen.

    Raises:
        SezmError: as :func:`open_session`.
    """
    path = zoo.resolve(model)
    if sniff(path) is not FileKind.CHECKPOINT:
        return path, {}
    require_torch(f"{path}: checkpoints")
    from sezm_export.summarise import heads_to_choose_from

    return path, heads_to_choose_from(path)


def _open_checkpoint(
    path: Path,
    device: str,
    threads: int | None,
    dtype: str | None,
    head: str | None,
    ema: bool,
) -> Session:
    require_torch(f"{path}: checkpoints")
    from sezm_export.eager import EagerSession

    session: Session = EagerSession(path, device, threads, dtype, head, ema)
    return session


def _refuse_export_options(
    path: Path, metadata: Metadata, dtype: str | None, head: str | None, ema: bool
) -> None:
    if dtype is not None and dtype != metadata.dtype:
        raise SezmError(
            f"{path}: computes in {metadata.dtype} since its export; for {dtype} run "
            f"'sezm export --dtype {dtype}' on the checkpoint."
        )
    if head is not None:
        raise SezmError(
            f"{path}: an exported file holds one head; choose it with 'sezm export --head {head}'."
        )
    if ema:
        raise SezmError(
            f"{path}: an exported file holds one set of weights; choose averaged ones with "
            "'sezm export --ema'."
        )
