"""A compiled file, made once per test run: compiling takes half a minute."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import torch
from sezm_export import export_model
from shared_folder import shared_folder
from toy_model import ToyModel


@pytest.fixture(scope="session")
def compiled_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``model.pt2`` of the toy model in float64, in a folder with what else its export wrote."""
    folder = shared_folder(tmp_path_factory, "compiled") / "toy"
    if not folder.exists():
        own = tmp_path_factory.mktemp("compiled")
        export_model(ToyModel(torch.float64), own / "model.pt2")
        with suppress(OSError):  # another worker was faster
            own.rename(folder)
    return folder / "model.pt2"
