"""The C++ client as ``make cpp`` builds it; tests that need it say so when it is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SEZM_CPP_BUILD", ROOT / "build/cpp"))


@pytest.fixture(scope="session")
def build() -> Path:
    """The folder with the built programs and libraries."""
    if not (BUILD / "sezm_run").exists():
        pytest.skip(f"the C++ client is not built in {BUILD}; run 'make cpp'")
    return BUILD
