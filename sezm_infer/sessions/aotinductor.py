"""AOTInductor packages, run by torch, which is imported only when one is opened.

Such a file is native code: whoever opens it runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..compiled_for import obstacle
from ..errors import SezmError
from .device import check_threads, parse_device
from .sniff import FileKind, embedded_metadata
from .torchscript import require_torch

SUFFIX = ".pt2"


class AotInductorSession:
    """A model compiled for this machine.

    Args:
        path: file written by ``sezm export``.
        device: "cpu".
        threads: threads within an operator, for the whole process (torch knows no narrower
            setting); None leaves torch's own.

    Raises:
        SezmError: not such a file, damaged, compiled for another machine, or torch missing.
    """

    def __init__(self, path: str | Path, device: str = "cpu", threads: int | None = None) -> None:
        check_threads(threads)
        parse_device(device)
        self.metadata = embedded_metadata(Path(path), FileKind.AOTINDUCTOR)
        assert self.metadata.compiled_for is not None
        problem = obstacle(self.metadata.compiled_for, device)
        if problem is not None:
            raise SezmError(f"{path}: {problem}; export it here, or use an .onnx file.")
        torch = require_torch(f"{path}: compiled files")
        from torch._inductor import aoti_load_package

        if threads is not None:
            torch.set_num_threads(threads)
        try:
            self._loader = aoti_load_package(str(path)).loader
        except RuntimeError as error:
            first_line = str(error).strip().splitlines()[0]
            raise SezmError(f"{path}: torch cannot load it ({first_line}).") from None
        self._from_numpy = torch.from_numpy
        self._input_names = [spec.name for spec in self.metadata.inputs]
        self._output_names = [spec.name for spec in self.metadata.outputs]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        # The code reads its inputs as contiguous arrays without looking.
        arrays = (np.ascontiguousarray(inputs[name]) for name in self._input_names)
        outputs = self._loader.run([self._from_numpy(array) for array in arrays])
        results = (output.numpy() for output in outputs)
        return dict(zip(self._output_names, results, strict=True))
