"""Output files, complete under their final name or absent; and what tells files apart."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import SezmError

_BLOCK = 2**20


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def require_writable(path: Path) -> None:
    """Find out before the work whether ``path`` can be written after it.

    Raises:
        SezmError: its folder is missing or not writable, or it is a folder itself.
    """
    folder = path.parent
    if not folder.is_dir():
        raise SezmError(f"{path}: the folder {folder} does not exist; create it first.")
    if not os.access(folder, os.W_OK):
        raise SezmError(f"{path}: no permission to write in {folder}; choose another folder.")
    if path.is_dir():
        raise SezmError(f"{path}: a folder; give the name of a file in it.")


@contextmanager
def atomic_output(path: Path) -> Iterator[Path]:
    """A temporary file that takes the name ``path`` when the block ends well.

    It lies in the same folder (a rename there is atomic) and keeps the suffix (writers go by it).

    Raises:
        SezmError: as :func:`require_writable`.
    """
    require_writable(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes it private
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
