"""Files as mlip writes them for NequIP, with weights that follow from a recorded table of shapes.

The weights are numbers of a generator whose stream numpy keeps for good, so that a file of any size
is recorded as its shapes alone. Needs numpy only: mlip's environment uses it too.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """float32 numbers of variance 1, by name; the same ones for the same shapes."""
    bits = np.random.PCG64(7)
    drawn = {}
    for name in sorted(shapes):
        shape = tuple(shapes[name])
        raw = bits.random_raw(int(np.prod(shape, dtype=np.int64)))
        uniform = (np.asarray(raw, np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        drawn[name] = (np.sqrt(12.0) * (uniform - 0.5)).astype(np.float32).reshape(shape)
    return drawn


def write_file(
    path: Path, hyperparameters: Mapping[str, Any], parameters: Mapping[str, np.ndarray]
) -> Path:
    """The two members of mlip's zip files."""
    buffer = io.BytesIO()
    np.savez(buffer, **parameters)  # type: ignore[arg-type]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hyperparams.json", json.dumps(hyperparameters))
        archive.writestr("params.npz", buffer.getvalue())
    return path
