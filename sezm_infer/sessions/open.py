"""One door for every kind of model file."""

from __future__ import annotations

from pathlib import Path

from .. import zoo
from ..metadata import Metadata
from .aotinductor import AotInductorSession
from .choose import choose
from .folder import ModelFile
from .onnx import OnnxSession
from .options import Options
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
    eager: bool = False,
) -> Session:
    """Open an exported file, a checkpoint, a folder or a bundled model; contents decide.

    A checkpoint, or a folder, stands for the best of the files there that compute the same; see
    :func:`~sezm_infer.sessions.choose.choose`. Which one was taken is logged as information, by
    the logger "sezm_infer".

    Args:
        model: path of a file or folder, or the name of a bundled model.
        device: "cpu", "cuda" or "cuda:N".
        threads: threads within an operator; None leaves the engine's own choice.
        dtype: "float32" or "float64", for checkpoints; files have theirs since export.
        head: which head of a multitask checkpoint.
        ema: the averaged weights that a checkpoint carries beside its own.
        eager: evaluate the checkpoint itself, whatever files lie beside it.

    Raises:
        SezmError: no such file or name, a file that cannot be run, an option that does not fit it,
            a folder without a model or with several.
    """
    options = Options(device, threads, dtype, head, ema, eager)
    return open_file(choose(model, options).file, options)


def open_file(file: ModelFile, options: Options) -> Session:
    """Open what :func:`~sezm_infer.sessions.choose.choose` has chosen.

    Raises:
        SezmError: it cannot be run.
    """
    path, device, threads = file.path, options.device, options.threads
    session: Session
    if file.kind is FileKind.CHECKPOINT:
        return _open_checkpoint(path, options)
    if file.kind is FileKind.AOTINDUCTOR:
        session = AotInductorSession(path, device, threads)
    elif file.kind is FileKind.ONNX:
        session = OnnxSession(path, device, threads)
    else:
        session = TorchScriptSession(path, device, threads)
    return of_any_system(session)


def of_any_system(session: Session) -> Session:
    """The session of a staged or static file as one that takes what those of other files do."""
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


def _open_checkpoint(path: Path, options: Options) -> Session:
    require_torch(f"{path}: checkpoints")
    from sezm_export.eager import EagerSession

    session: Session = EagerSession(
        path, options.device, options.threads, options.dtype, options.head, options.ema
    )
    return session
