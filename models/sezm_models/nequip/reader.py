"""Files of mlip's NequIP as models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ..errors import CheckpointError
from .archive import is_archive, read_archive
from .config import DatasetInfo, NequipConfig
from .model import Nequip
from .parameters import PREFIX, Parameters

VERSIONS = "0.2."
"""Of mlip, whose NequIP this is."""


def recognises(path: Path) -> bool:
    """Whether a file is one of mlip, by its content."""
    return is_archive(path)


def read(path: Path, *, dtype: torch.dtype | None = None, head: str | None = None) -> Nequip:
    """Read a file of mlip.

    Args:
        path: of a zip file written by mlip's ``save_model_to_zip``.
        dtype: of the model; that of the parameters if None.
        head: name of the data set, or number of the read-out head; the first if None.

    Raises:
        CheckpointError: a damaged file, another architecture or version of mlip, options that are
            unknown or do not fit the parameters, an unknown head.
    """
    hyperparameters, arrays = read_archive(path)
    try:
        version = str(hyperparameters.get("version"))
        if not version.startswith(VERSIONS):
            raise CheckpointError(f"mlip version {version:.40}; files of {VERSIONS}* are read")
        if not any(name.startswith(PREFIX + "NequipLayer_") for name in arrays):
            raise CheckpointError("the model is not NequIP, the one architecture of mlip supported")
        config = NequipConfig.from_json(hyperparameters.get("config"))
        info = DatasetInfo.from_json(hyperparameters.get("dataset_info"))
        if dtype is None:
            wide = any(values.dtype == np.float64 for values in arrays.values())
            dtype = torch.float64 if wide else torch.float32
        number = head_number(head, info.dataset_name, config.num_readout_heads)
        model = Nequip(config, info, Parameters(arrays), head=number, dtype=dtype)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return model.eval()


def head_number(head: str | None, names: list[str], heads: int) -> int:
    """Number of a head that is called by its data set, or by its number.

    Raises:
        CheckpointError: there is none of this name.
    """
    if head is None:
        return 0
    if head in names[:heads]:
        return names.index(head)
    if head.isascii() and head.isdigit() and int(head) < heads:
        return int(head)
    known = ", ".join([*names[:heads], *map(str, range(heads))])
    raise CheckpointError(f"head {head!r} does not exist; the file has {known}")
