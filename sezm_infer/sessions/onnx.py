"""ONNX files, run by ONNX Runtime; no torch anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from ..errors import SezmError
from ..staged_contract import file_signature
from .device import check_threads, parse_device
from .sniff import FileKind, embedded_metadata

_ERRORS_ONLY = 3


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
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise SezmError(
            f"device {device!r} is not available in this ONNX Runtime; install onnxruntime-gpu "
            "in place of onnxruntime, or use device 'cpu'."
        )
    return [("CUDAExecutionProvider", {"device_id": index}), "CPUExecutionProvider"]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
