"""Reading a file that ``dp convert-backend`` writes (.dp): HDF5 around one JSON record.

The record is in the attribute ``json``; in place of each array it has the name of a dataset.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import CheckpointError

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


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
    try:
        with h5py.File(path, "r") as file:
            if "json" not in file.attrs:
                raise CheckpointError(
                    f"{path}: an HDF5 file, but none that 'dp convert-backend' wrote (it has no "
                    "record 'json'); give a checkpoint or a .dp file"
                )
            record = _with_arrays(json.loads(file.attrs["json"]), file)
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        text = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{path}: a damaged HDF5 file ({text}); convert it again") from None
    if not isinstance(record, dict):
        raise CheckpointError(f"{path}: its record is not a JSON object; convert it again")
    return record


def _with_arrays(record: Any, file: Any, variables: bool = False) -> Any:
    """A nested record; what lies below a key ``@variables`` are names of datasets."""
    if isinstance(record, dict):
        return {
            key: _with_arrays(value, file, variables or key == "@variables")
            for key, value in record.items()
        }
    if isinstance(record, list):
        return [_with_arrays(value, file, variables) for value in record]
    if variables and record is not None:
        return file[record][()]
    return record
