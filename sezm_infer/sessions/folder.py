"""The files of models in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SezmError
from ..files import file_digest
from ..metadata import Metadata
from .sniff import FileKind, embedded_metadata, sniff

EXPORTED_SUFFIXES = (".onnx", ".pt2", ".pt")
CHECKPOINT_SUFFIXES = (".pt", ".pth", ".dp")
"""In a folder, names count: archives and arrays that lie there are not mistaken for models."""


@dataclass(frozen=True)
class ModelFile:
    """A file that a session can be opened from.

    Attributes:
        path: of the file.
        kind: by its content.
    """

    path: Path
    kind: FileKind


@dataclass(frozen=True)
class ExportedFile(ModelFile):
    """A file that ``sezm export`` wrote.

    Attributes:
        metadata: what it says of itself.
    """

    metadata: Metadata


@dataclass(frozen=True)
class FolderContent:
    """What a folder has of models, by name.

    Attributes:
        exported: files that ``sezm export`` wrote.
        checkpoints: those that a trainer wrote.
        unreadable: other files with the suffix of a model, and why they are none.
    """

    exported: list[ExportedFile]
    checkpoints: list[ModelFile]
    unreadable: dict[Path, str]


def look_into(folder: Path) -> FolderContent:
    """Find the models of a folder, without loading any; hidden files and other folders aside.

    Raises:
        OSError: the folder cannot be read.
    """
    exported: list[ExportedFile] = []
    checkpoints: list[ModelFile] = []
    unreadable = {}
    for path in _model_names(folder):
        try:
            kind = sniff(path)
            if kind is not FileKind.CHECKPOINT:
                if path.suffix in EXPORTED_SUFFIXES:
                    exported.append(ExportedFile(path, kind, embedded_metadata(path, kind)))
            elif path.suffix in CHECKPOINT_SUFFIXES:
                checkpoints.append(ModelFile(path, kind))
        except (SezmError, OSError) as error:
            unreadable[path] = str(error)
    return FolderContent(exported, checkpoints, unreadable)


def _model_names(folder: Path) -> Iterator[Path]:
    suffixes = {*EXPORTED_SUFFIXES, *CHECKPOINT_SUFFIXES}
    for path in sorted(folder.iterdir()):
        if path.suffix in suffixes and not path.name.startswith(".") and path.is_file():
            yield path


def distinct(checkpoints: list[ModelFile]) -> list[ModelFile]:
    """One of each content: the trainer links its last checkpoint to a second name.

    Contents are read only where there are several files.
    """
    files = list({file.path.resolve(): file for file in checkpoints}.values())
    if len(files) < 2:
        return files
    return list({file_digest(file.path): file for file in files}.values())
