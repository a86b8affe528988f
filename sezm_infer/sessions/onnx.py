"""ONNX files, run by ONNX Runtime; no torch anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ..errors import SezmError
from ..kernels import OFF, VARIABLE, kernel_library
from ..staged_contract import file_signature
from .device import check_threads, parse_device
from .sniff import FileKind, embedded_metadata

_ERRORS_ONLY = 3
_CPU = "CPUExecutionProvider"


class OnnxSession:
    """A model in ONNX Runtime at its default optimisation level (the one files are verified at).

    Args:
        path: file written by ``sezm export``.
        device: "cpu", "cuda" or "cuda:N" (CUDA needs the package onnxruntime-gpu).
        threads: threads within an operator; None leaves ONNX Runtime's choice, all cores.

    Raises:
        SezmError: not such a file, damaged, or the device is not available.
    """

    def __init__(self, path: str | Path, device: str = "cpu", threads: int | None = None) -> None:
        check_threads(threads)
        self.metadata = embedded_metadata(Path(path), FileKind.ONNX)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = _ERRORS_ONLY
        providers = _providers(device)
        if providers == [_CPU]:
            _register_kernels(options)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
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


def _register_kernels(options: onnxruntime.SessionOptions) -> None:
    """Kernels for functions of the file (FORMAT.md), which stock operators compute otherwise."""
    library = kernel_library()
    if library is None:
        return
    try:
        options.register_custom_ops_library(str(library))
    except Exception as error:  # as below
        raise SezmError(
            f"{library}: ONNX Runtime {onnxruntime.__version__} cannot load this library of "
            f"kernels ({_one_line(error)}); set {VARIABLE}={OFF} to do without."
        ) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
