"""Files and structures that many tests of the runtime share."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
from odd_structures import STRUCTURES
from one_thread import one_thread  # noqa: F401
from toy_files import write_toy_onnx, write_toy_torchscript


@pytest.fixture(scope="session")
def toy_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy potential as ONNX, float64."""
    return write_toy_onnx(tmp_path_factory.mktemp("onnx") / "toy.onnx")


@pytest.fixture(scope="session")
def toy_torchscript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy potential as TorchScript, float64."""
    pytest.importorskip("torch")
    return write_toy_torchscript(tmp_path_factory.mktemp("torchscript") / "toy.pt")


@pytest.fixture(params=["onnx", "torchscript"])
def toy_file(request: pytest.FixtureRequest) -> Path:
    """Each format in turn."""
    return request.getfixturevalue(f"toy_{request.param}")


@pytest.fixture(params=STRUCTURES)
def structure(request: pytest.FixtureRequest) -> ase.Atoms:
    """Each of the cells, periodicities and sizes that a neighbour list has to get right."""
    return STRUCTURES[request.param]()


@pytest.fixture
def crystal() -> ase.Atoms:
    """A calm periodic structure of 64 atoms for dynamics."""
    rng = np.random.default_rng(7)
    sites = np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3) * 2.6
    positions = sites + rng.normal(scale=0.05, size=sites.shape)
    return ase.Atoms("OH" * 32, positions=positions, cell=[10.4] * 3, pbc=True)


@pytest.fixture
def with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that need torch are among those to choose from, though none is opened."""
    monkeypatch.setattr("sezm_infer.sessions.beside.torch_version", lambda: "2.13.0")
