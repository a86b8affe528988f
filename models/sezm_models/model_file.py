"""A file that is some model, opened as far as it takes to tell which."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

from .checkpoint_file import load_checkpoint_file

TORCH_MEMBER = "data.pkl"
"""In the folder of a zip archive that torch wrote."""


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
    def content(self) -> dict[str, Any]:
        """The dictionary of a torch checkpoint or a .dp file; {} of other zip archives.

        Raises:
            CheckpointError: it is none of these.
        """
        if self.members and not any(name.endswith(f"/{TORCH_MEMBER}") for name in self.members):
            return {}
        return load_checkpoint_file(self.path)

    @property
    def names(self) -> list[str]:
        """What there is to see of a file that is not recognised."""
        return [str(name) for name in self.content or self.members]
