"""TorchScript files, run by torch, which is imported only when one is opened."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import SezmError
from ..staged_contract import file_signature
from .device import check_threads, parse_device
from .sniff import FileKind, embedded_metadata


class TorchScriptSession:
    """A model in torch's TorchScript interpreter.

    Args:
        path: file written by ``sezm export``.
        device: "cpu", "cuda" or "cuda:N".
        threads: threads within an operator, for the whole process (torch knows no narrower
            setting); None leaves torch's own.

    Raises:
        SezmError: not such a file, damaged, torch missing, or the device is not available.
    """

    def __init__(self, path: str | Path, device: str = "cpu", threads: int | None = None) -> None:
        check_threads(threads)
        parse_device(device)
        self.metadata = embedded_metadata(Path(path), FileKind.TORCHSCRIPT)
        torch = require_torch(f"{path}: TorchScript files")
        if device != "cpu" and not torch.cuda.is_available():
            raise SezmError(f"device {device!r}: torch finds no CUDA device here; use 'cpu'.")
        if threads is not None:
            torch.set_num_threads(threads)
        # Fusion and profiling specialise the graph during the first calls: those get several
        # times slower, later ones no faster, and a new number of edges may start it again.
        torch.jit.set_fusion_strategy([])
        torch._C._jit_set_profiling_executor(False)
        # Said of an operator in the files, to people who cannot choose another.
        warnings.filterwarnings("ignore", message=r"index_reduce\(\) is in beta")
        try:
            self._module = torch.jit.load(str(path), map_location=device)
        except RuntimeError as error:
            first_line = str(error).strip().splitlines()[0]
            raise SezmError(f"{path}: torch cannot load it ({first_line}).") from None
        self._torch = torch
        self._device = device
        signature = file_signature(self.metadata)
        self._input_names = [spec.name for spec in signature.inputs]
        self._output_names = [spec.name for spec in signature.outputs]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        torch = self._torch
        tensors = [torch.from_numpy(inputs[name]).to(self._device) for name in self._input_names]
        with torch.inference_mode():
            outputs = self._module(*tensors)
        arrays = (output.cpu().numpy() for output in outputs)
        return dict(zip(self._output_names, arrays, strict=True))


def require_torch(what: str):  # type: ignore[no-untyped-def]  # the module, typed only if installed
    """The torch module.

    Args:
        what: subject of the error message, "FILE: TorchScript files".

    Raises:
        SezmError: torch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise SezmError(
            f"{what} need torch, which is not installed; run pip install 'sezm-infer[export]', "
            "or use an .onnx file."
        ) from None
    return torch
