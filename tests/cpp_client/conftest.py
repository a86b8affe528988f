"""The C++ client as ``make cpp`` builds it.

Where nothing is built, tests are skipped and say why, unless SEZM_CPP_BUILD names a folder, as it
does in ``make test``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DEFAULT = Path(__file__).resolve().parents[2] / "build/cpp"


@pytest.fixture(scope="session")
def build() -> Path:
    """The folder with the built programs and libraries."""
    folder = Path(os.environ.get("SEZM_CPP_BUILD", DEFAULT))
    if not (folder / "sezm_run").exists():
        missing = f"the C++ client is not built in {folder}; run 'make cpp'"
        pytest.fail(missing) if "SEZM_CPP_BUILD" in os.environ else pytest.skip(missing)
    return folder
