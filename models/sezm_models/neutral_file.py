"""Reading a file that ``dp convert-backend`` writes (.dp): HDF5 around one JSON record.

The record is in the attribute ``json``; in place of each array it has the name of a dataset.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from .errors import CheckpointError

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

LARGEST_COMPRESSION = 50
SPARE_BYTES = 2**20
"""All arrays together hold at most so many times the file's size, and so many bytes more."""

NUMERIC = "fiub"
"""Kinds of dtypes; besides, bfloat16 is stored as two bytes of no type."""


def is_hdf5(path: Path) -> bool:
    """Whether a file is in this format, told by its first bytes."""
    with open(path, "rb") as file:
        return file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE


def load_neutral_file(path: Path) -> dict[str, Any]:
    """The record, with NumPy arrays in it.

    Raises:
        CheckpointError: h5py is missing, or the file is damaged or of another origin.
    """
    try:
        import h5py
    except ImportError:
        raise CheckpointError(
            f"{path}: HDF5 files need h5py, which is not installed; run "
            "pip install 'sezm-infer[dp]', or give the checkpoint that this file was made from"
        ) from None
    allowed = path.stat().st_size * LARGEST_COMPRESSION + SPARE_BYTES
    try:
        with h5py.File(path, "r") as file:
            if "json" not in file.attrs:
                raise CheckpointError(
                    f"{path}: an HDF5 file, but none that 'dp convert-backend' wrote (it has no "
                    "record 'json'); give a checkpoint or a .dp file"
                )
            text = file.attrs["json"]
            if not isinstance(text, str):
                raise ValueError(f"its record 'json' is a {type(text).__name__}, not a text")
            record = _with_arrays(json.loads(text), Datasets(file, allowed))
    except CheckpointError:
        raise
    except Exception as error:  # whatever h5py raises of a file that it did not write
        text = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{path}: a damaged HDF5 file ({text}); convert it again") from None
    if not isinstance(record, dict):
        raise CheckpointError(f"{path}: its record is not a JSON object; convert it again")
    return record


class Datasets:
    """Arrays of a file, up to so many bytes in all, none of them from another file."""

    def __init__(self, file: Any, allowed: int) -> None:
        self.file = file
        self.left = allowed

    def read(self, name: Any) -> np.ndarray:
        """One array.

        Raises:
            ValueError: no array of numbers has this name, or it is too large.
        """
        import h5py

        found = None
        if isinstance(name, str) and "/" not in name.removeprefix("/"):
            link = self.file.get(name, getlink=True)  # others may lead out of the file
            found = self.file[name] if isinstance(link, h5py.HardLink) else None
        if not isinstance(found, h5py.Dataset) or found.shape is None:
            raise ValueError(f"{name!r:.60} names no array in it")
        if found.dtype.kind not in NUMERIC and found.dtype != np.dtype("V2"):
            raise ValueError(f"array {name!r} holds {found.dtype}, not numbers")
        if found.is_virtual or found.external:
            raise ValueError(f"array {name!r} is stored in another file")
        self.left -= max(found.nbytes, math.prod(found.chunks or ()) * found.dtype.itemsize)
        if self.left < 0:
            raise ValueError(f"array {name!r} of shape {list(found.shape)} is too large for it")
        return np.asarray(found[()])


def _with_arrays(record: Any, arrays: Datasets, variables: bool = False) -> Any:
    """A nested record; what lies below a key ``@variables`` are names of datasets."""
    if isinstance(record, dict):
        return {
            key: _with_arrays(value, arrays, variables or key == "@variables")
            for key, value in record.items()
        }
    if isinstance(record, list):
        return [_with_arrays(value, arrays, variables) for value in record]
    if variables and record is not None:
        return arrays.read(record)
    return record
