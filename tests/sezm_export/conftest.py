"""Files of the toy model, exported once for all tests."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from compiled_files import compiled_toy  # noqa: F401
from exported_files import exported  # noqa: F401
from one_thread import one_thread  # noqa: F401
from sezm_export import export_model
from toy_model import ToyModel

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Path of a toy model as a file of a format (".pt", ".onnx") and dtype."""
    folder = tmp_path_factory.mktemp("toy")

    def path(suffix: str, dtype: str, kind: type[ToyModel] = ToyModel) -> Path:
        file = folder / f"{kind.__name__}-{dtype}{suffix}"
        if not file.exists():
            export_model(kind(DTYPES[dtype]), file, sha256="0" * 64)
        return file

    return path


@pytest.fixture(autouse=True, scope="session")
def quiet_tracer() -> None:
    """pytest collects every record, and PyTorch's tracer writes thousands that nobody reads."""
    logging.getLogger("torch.__trace").setLevel(logging.ERROR)
