"""Who takes part: files of one model, each with the python and the kind of worker that runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sezm_infer.kernels import kernel_library

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = ("models", "export")

DEEPMD_EAGER, DEEPMD_COMPILED = "DeePMD eager", "DeePMD .pt2"


@dataclass(frozen=True)
class Backend:
    """One of ours.

    Attributes:
        file: what it runs.
        export: options of ``sezm export`` that write it.
        kernels: whether ONNX Runtime is given the library of kernels.
    """

    file: str
    export: tuple[str, ...] = ()
    kernels: bool = False


OURS = {
    "eager": Backend("model.ckpt.pt"),
    "TorchScript": Backend("model.pt"),
    "ONNX": Backend("model.onnx"),
    "ONNX + kernels": Backend("model.onnx", kernels=True),
    "staged ONNX": Backend("staged.onnx", ("--staged",)),
    "staged ONNX + kernels": Backend("staged.onnx", ("--staged",), kernels=True),
    ".pt2": Backend("model.pt2"),
}
"""A further backend is a line here, or a file given with ``--file``."""


@dataclass(frozen=True)
class Contestant:
    """One column of the comparison.

    Attributes:
        name: in the table.
        kind: of the worker.
        file: what it runs.
        python: that runs the worker.
        kernels: whether ONNX Runtime is given the library of kernels.
    """

    name: str
    kind: str
    file: Path
    python: Path
    kernels: bool = True


def contestants(
    folder: Path, names: Sequence[str], files: Sequence[Path], deepmd_python: Path | None
) -> list[Contestant]:
    """Those asked for, their files made if they are missing or older than the sources.

    Args:
        folder: holds ``model.ckpt.pt``, gets the others.
        names: keys of ``OURS``.
        files: further files that ``sezm_infer.open_session`` opens.
        deepmd_python: a python with DeePMD-kit, which then takes part.
    """
    checkpoint, here = folder / "model.ckpt.pt", Path(sys.executable)
    found = []
    if deepmd_python is not None:
        frozen = folder / "deepmd.pt2"
        if _is_older(frozen, [checkpoint]):
            partial = frozen.with_stem("partial")
            _run(deepmd_python, REPOSITORY / "benchmarks/freeze_deepmd.py", checkpoint, partial)
            partial.rename(frozen)
        found = [
            Contestant(DEEPMD_EAGER, "deepmd", checkpoint, deepmd_python),
            Contestant(DEEPMD_COMPILED, "deepmd", frozen, deepmd_python),
        ]
    sources = [file for name in SOURCES for file in (REPOSITORY / name).rglob("*.py")]
    for name in names:
        backend = OURS[name]
        file = folder / backend.file
        if file != checkpoint and _is_older(file, [checkpoint, *sources]):
            _run(here, "-m", "sezm_infer", "export", *backend.export, checkpoint, "-o", file)
        if backend.kernels and kernel_library() is None:
            raise SystemExit("there are no kernels; run 'make kernels', or leave them out.")
        kind = "eager" if file == checkpoint else "sezm"
        found.append(Contestant(name, kind, file, here, backend.kernels))
    return found + [Contestant(file.name, "sezm", file, here) for file in files]


def _is_older(file: Path, than: Sequence[Path]) -> bool:
    if not file.exists():
        return True
    return file.stat().st_mtime < max(other.stat().st_mtime for other in than)


def _run(*command: str | Path) -> None:
    print("making", command[-1], file=sys.stderr, flush=True)
    arguments = [str(part) for part in command]
    quiet = subprocess.run(
        arguments, env=environment(1), capture_output=True, text=True, check=False
    )
    if quiet.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{quiet.stderr[-2000:]}")


def environment(threads: int, kernels: bool = True) -> dict[str, str]:
    """Variables of a worker: its threads, by every name that some engine reads, and whether it may
    use kernels."""
    switch = {} if kernels else {"SEZM_KERNELS": "off"}
    return (
        os.environ
        | switch
        | {
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "DP_INTRA_OP_PARALLELISM_THREADS": str(threads),
            "DP_INTER_OP_PARALLELISM_THREADS": "1",
        }
    )
