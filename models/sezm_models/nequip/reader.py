"""Files of mlip's NequIP as models."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch

from ..checkpoint_head import CheckpointHead
from ..errors import CheckpointError
from .archive import HYPERPARAMETERS, PARAMETERS, Archive, read_archive
from .config import DatasetInfo, NequipConfig, head_names
from .model import Nequip
from .parameters import PREFIX, Parameters

VERSIONS = "0.2."
"""Of mlip, whose NequIP this is."""


def recognises(members: Collection[str], first: str) -> bool:
    """Whether a zip archive with these members is a file of mlip, or was one: what is cut off has
    its first member yet, and its list of members is lost (or is that of ``params.npz``)."""
    names = {HYPERPARAMETERS, PARAMETERS}
    return names <= set(members) or first in names


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
    archive = read_archive(path)
    try:
        config, info = _options(archive)
        arrays = archive.arrays
        if dtype is None:
            wide = any(values.dtype == np.float64 for values in arrays.values())
            dtype = torch.float64 if wide else torch.float32
        number = head_number(head, head_names(config, info))
        model = Nequip(config, info, Parameters(arrays), head=number, dtype=dtype)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return model.eval()


def heads_of_file(path: Path) -> tuple[CheckpointHead, ...]:
    """The read-out heads of a file that has several, the first being the default one.

    Raises:
        CheckpointError: a damaged file, or options that make no sense.
    """
    archive = read_archive(path)
    try:
        names = head_names(*_options(archive))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    heads = tuple(CheckpointHead(name, "energy", name == names[0]) for name in names)
    return heads if len(heads) > 1 else ()


def _options(archive: Archive) -> tuple[NequipConfig, DatasetInfo]:
    """Checked options of a file, if it is of a NequIP model."""
    version = str(archive.hyperparameters.get("version"))
    if not version.startswith(VERSIONS):
        raise CheckpointError(f"mlip version {version:.40}; files of {VERSIONS}* are read")
    if not any(name.startswith(PREFIX + "NequipLayer_") for name in archive.arrays):
        raise CheckpointError("the model is not NequIP, the one architecture of mlip supported")
    config = NequipConfig.from_json(archive.hyperparameters.get("config"))
    return config, DatasetInfo.from_json(archive.hyperparameters.get("dataset_info"))


def head_number(head: str | None, names: list[str]) -> int:
    """Number of a head that is called by name, or by its number.

    Raises:
        CheckpointError: there is none of this name.
    """
    if head is None:
        return 0
    if head in names:
        return names.index(head)
    numbers = [str(number) for number in range(len(names))]
    if head in numbers:
        return numbers.index(head)
    known = ", ".join(dict.fromkeys(names + numbers))
    raise CheckpointError(f"head {head!r} does not exist; the file has {known}")
