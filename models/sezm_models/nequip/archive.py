"""mlip's zip files: a JSON and an npz member, read without unpickling anything."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import CheckpointError

HYPERPARAMETERS = "hyperparams.json"
PARAMETERS = "params.npz"

MAX_JSON_BYTES = 16 * 2**20
MAX_ARRAY_BYTES = 4 * 2**30
"""Of all arrays together: far more than any model, less than what fills a machine."""


class Archive(NamedTuple):
    """What a file holds: ``hyperparams.json`` as it is, arrays by name."""

    hyperparameters: dict[str, Any]
    arrays: dict[str, np.ndarray]


def read_archive(path: Path) -> Archive:
    """Read a file with mlip's two members.

    Raises:
        CheckpointError: it is damaged, too large, or holds anything but numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            text = _member(archive, HYPERPARAMETERS, MAX_JSON_BYTES)
            packed = _member(archive, PARAMETERS, MAX_ARRAY_BYTES)
        hyperparameters = json.loads(text)
        if not isinstance(hyperparameters, dict):
            raise CheckpointError(f"{HYPERPARAMETERS} holds no object")
        return Archive(hyperparameters, _arrays(packed))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except (
        OSError,
        EOFError,
        KeyError,
        ValueError,
        RecursionError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zipfile.zlib.error,  # type: ignore[attr-defined]
    ) as error:
        raise CheckpointError(
            f"{path}: a NequIP model of mlip, but damaged or cut off ({error}); copy it again"
        ) from None


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One member that may be no larger than ``limit`` bytes; zipfile reads no more than it says."""
    size = archive.getinfo(name).file_size
    if size > limit:
        raise CheckpointError(f"{name} has {size} bytes, more than the {limit} that are read")
    return archive.read(name)


def _arrays(packed: bytes) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    left = MAX_ARRAY_BYTES
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name in arrays:
                raise CheckpointError(f"{PARAMETERS} holds {name!r:.80} twice")
            data = _member(archive, info.filename, left)
            left -= len(data)
            arrays[name] = _array(name, data)
    return arrays


def _array(name: str, data: bytes) -> np.ndarray:
    """The array of a ``.npy`` file: floating point, and as large as the file says."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise CheckpointError(f"array {name!r:.80} has npy version {version}; expected 1.0 or 2.0")
    if dtype.kind != "f":
        raise CheckpointError(f"array {name!r:.80} has dtype {dtype}; expected floating point")
    values = data[stream.tell() :]
    if any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize != len(values):
        raise CheckpointError(f"array {name!r:.80} of shape {shape} has {len(values)} bytes")
    return np.frombuffer(values, dtype).reshape(shape, order="F" if fortran else "C")
