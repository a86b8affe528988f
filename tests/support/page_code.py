"""Code that a page of the documentation shows, run as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def page_code(page: str) -> str:
    """The Python blocks of a page in ``docs``, one after the other."""
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S))


def run_page(page: str, folder: Path) -> str:
    """Run a page's code in a folder; what it prints."""
    paths = [ROOT, ROOT / "models", ROOT / "export"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-c", page_code(page)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
