"""One door for every kind of model file."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from .. import zoo
from ..compiled_for import obstacle
from ..errors import SezmError, SezmWarning
from ..metadata import Metadata
from .aotinductor import SUFFIX, AotInductorSession
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
    if kind is FileKind.AOTINDUCTOR:
        session = _open_compiled(path, device, threads)
    elif kind is FileKind.ONNX:
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


def _open_compiled(path: Path, device: str, threads: int | None) -> Session:
    """The compiled file itself, or what stands in for it on another machine."""
    if path.suffix != SUFFIX:
        raise SezmError(
            f"{path}: compiled native code, which runs whatever its maker wants; if you trust it, "
            f"name it {path.stem}{SUFFIX}, as it was when it was exported."
        )
    metadata = embedded_metadata(path, FileKind.AOTINDUCTOR)
    assert metadata.compiled_for is not None
    problem = obstacle(metadata.compiled_for, device)
    if problem is None:
        return AotInductorSession(path, device, threads)
    portable = path.with_name(metadata.compiled_for.portable_file)
    if not is_same_model(portable, metadata):
        raise SezmError(
            f"{path}: {problem}; copy its portable file {portable.name} beside it, or export it "
            f"here ('sezm export CHECKPOINT -o {path.name}')."
        )
    warnings.warn(
        f"{path}: {problem}; running the portable file {portable.name} beside it. Export it here "
        "for its full speed.",
        SezmWarning,
        stacklevel=3,
    )
    return OnnxSession(portable, device, threads)


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
