"""The formats of exported files, by their suffix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import fx

from sezm_infer.errors import SezmError
from sezm_infer.metadata import Metadata


@dataclass(frozen=True)
class Format:
    """How a graph becomes a file.

    Attributes:
        name: for messages.
        lower: compiles a simplified graph.
        lower_staged: compiles the simplified graphs of a staged file's programs; None of a format
            without staged files.
        save: writes what either gave, with metadata; may be called again with other metadata.
        is_portable: runs on any machine.
        has_functions: takes graphs in which the operators of ``sezm_models`` are whole.
    """

    name: str
    lower: Callable[[fx.GraphModule, Metadata], Any]
    lower_staged: Callable[[Sequence[fx.GraphModule], Metadata], Any] | None
    save: Callable[[Any, Metadata, Path], None]
    is_portable: bool = True
    has_functions: bool = False


def format_of(path: Path) -> Format:
    """The format that a file name asks for.

    Raises:
        SezmError: any suffix but ``.pt``, ``.onnx`` and ``.pt2``; no compiler for the latter.
    """
    if path.suffix == ".pt":
        from .torchscript import save_torchscript, to_staged_torchscript, to_torchscript

        return Format("TorchScript", to_torchscript, to_staged_torchscript, save_torchscript)
    if path.suffix == ".onnx":
        from .onnx import save_onnx, to_onnx
        from .onnx_staged import to_staged_onnx

        return Format("ONNX", to_onnx, to_staged_onnx, save_onnx, has_functions=True)
    if path.suffix == ".pt2":
        from .aotinductor import require_compiler, save_aotinductor, to_aotinductor

        require_compiler()
        return Format("AOTInductor", to_aotinductor, None, save_aotinductor, is_portable=False)
    raise SezmError(
        f"{path}: the suffix {path.suffix!r} says no format; use .onnx, .pt for TorchScript, or "
        ".pt2 for native code."
    )
