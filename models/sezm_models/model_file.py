"""A file that is some model, opened as far as it takes to tell which."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

from .checkpoint_file import load_checkpoint_file

TORCH_MEMBER = "data.pkl"
"""In the folder of a zip archive that torch wrote."""

_ZIP_HEADER = 30
"""Bytes before the name of a file in a zip archive; its length is in bytes 26 and 27."""


class ModelFile:
    """A file that is some model.

    Args:
        path: where it is.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names in a zip archive; none of other files, damaged archives among them."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(archive.namelist())
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
            return ()

    @cached_property
    def first_member(self) -> str:
        """Name of the first file in a zip archive, even if its end is missing; "" of others."""
        try:
            with self.path.open("rb") as file:
                header = file.read(_ZIP_HEADER)
                if not header.startswith(b"PK\x03\x04"):
                    return ""
                return file.read(int.from_bytes(header[26:28], "little")).decode(errors="replace")
        except OSError:
            return ""

    @cached_property
    def content(self) -> dict[str, Any]:
        """The dictionary of a torch checkpoint or a .dp file; {} of other zip archives, damaged
        ones among them.

        Raises:
            CheckpointError: it is none of these.
        """
        if self.members and not any(name.endswith(f"/{TORCH_MEMBER}") for name in self.members):
            return {}
        if not self.members and self.first_member and "/" not in self.first_member:
            return {}  # torch puts everything in a folder
        return load_checkpoint_file(self.path)

    @property
    def names(self) -> list[str]:
        """What there is to see of a file that is not recognised."""
        return [str(name) for name in self.content or self.members or [self.first_member]]
