"""ONNX files, run by ONNX Runtime; no torch anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ..errors import SezmError
from ..kernels import OFF, VARIABLE, computes_messages, kernel_library
from ..staged_contract import file_signature
from . import protobuf
from .device import check_threads, parse_device
from .sniff import FileKind, embedded_metadata

_ERRORS_ONLY = 3
_NO_OPTIMISATION = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
_LEFT_OUT = ["TransposeOptimizer", "TransposeOptimizer_CPUExecutionProvider"]
"""Optimisations that take a sixth of the time to open a file, and change no step
(docs/performance.md)."""
_CPU = "CPUExecutionProvider"


class OnnxSession:
    """A model in ONNX Runtime.

    Args:
        path: file written by ``sezm export``.
        device: "cpu", "cuda" or "cuda:N" (CUDA needs the package onnxruntime-gpu).
        threads: threads within an operator; None leaves ONNX Runtime's choice, all cores.
        kernels: use those of the library, if there is one.

    Raises:
        SezmError: not such a file, damaged, or the device is not available.
    """

    def __init__(
        self,
        path: str | Path,
        device: str = "cpu",
        threads: int | None = None,
        kernels: bool = True,
    ) -> None:
        check_threads(threads)
        self.metadata = embedded_metadata(Path(path), FileKind.ONNX)
        options = _options(threads)
        providers = _providers(device)
        library = kernel_library() if kernels and providers == [_CPU] else None
        if library is not None:
            _register(library, options)
            # What ONNX Runtime could improve of the rest is within the noise (0.5 % of a step), and
            # trying takes three times as long as all else that opening needs.
            if computes_messages(library, protobuf.function_names(Path(path))):
                options.graph_optimization_level = _NO_OPTIMISATION
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=providers, disabled_optimizers=_LEFT_OUT
            )
        except Exception as error:  # ONNX Runtime's errors share no narrower base class
            raise SezmError(f"{path}: ONNX Runtime cannot load it ({_one_line(error)}).") from None
        signature = file_signature(self.metadata)
        self._output_names = [spec.name for spec in signature.outputs]
        self._input_names = [spec.name for spec in signature.inputs]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        feed = {name: inputs[name] for name in self._input_names}
        return dict(
            zip(self._output_names, self._session.run(self._output_names, feed), strict=True)
        )


def _options(threads: int | None) -> onnxruntime.SessionOptions:
    """Without plans of the memory, which cost more than they give (docs/performance.md).

    Planning which values share memory takes half of the time that opening does; without it they
    are freed after their last use as well. Patterns hold, once the sizes of a call come again, what
    they have planned beside what was needed before. No step is faster with either.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = _ERRORS_ONLY
    options.enable_mem_reuse = False
    options.enable_mem_pattern = False
    return options


def _providers(device: str) -> list[Any]:
    kind, index = parse_device(device)
    if kind == "cpu":
        return [_CPU]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise SezmError(
            f"device {device!r} is not available in this ONNX Runtime; install onnxruntime-gpu "
            "in place of onnxruntime, or use device 'cpu'."
        )
    return [("CUDAExecutionProvider", {"device_id": index}), _CPU]


def _register(library: Path, options: onnxruntime.SessionOptions) -> None:
    """Kernels for functions of the file (FORMAT.md), which stock operators compute otherwise."""
    try:
        options.register_custom_ops_library(str(library))
    except Exception as error:  # as above
        raise SezmError(
            f"{library}: ONNX Runtime {onnxruntime.__version__} cannot load this library of "
            f"kernels ({_one_line(error)}); set {VARIABLE}={OFF} to do without."
        ) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
