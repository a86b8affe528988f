"""Programs under test."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(*command: str | Path, code: int = 0, **options: object) -> str:
    """What a command prints; it must end with ``code``. With an error, what it complains."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout
