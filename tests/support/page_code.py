"""Code that a page of the documentation shows, run as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from shared_folder import shared_folder

ROOT = Path(__file__).resolve().parents[2]


def page_code(page: str) -> str:
    """The Python blocks of a page in ``docs``, one after the other."""
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S))


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """By name of a page the folder in which its code has run, once per test run."""
    shared = shared_folder(tmp_path_factory, "pages")

    def folder(page: str) -> Path:
        if not (shared / page).exists():
            own = tmp_path_factory.mktemp(page)
            _run(page_code(page), own)
            with suppress(OSError):  # another worker was faster
                own.rename(shared / page)
        return shared / page

    return folder


def _run(code: str, folder: Path) -> None:
    """As a reader would, in a process of its own."""
    paths = [ROOT, ROOT / "models", ROOT / "export"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
