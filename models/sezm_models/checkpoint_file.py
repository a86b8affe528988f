"""Reading a torch checkpoint without running any code that it may carry."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch

from .errors import CheckpointError
from .neutral_file import is_hdf5, load_neutral_file


def load_checkpoint_file(path: str | Path) -> dict[str, Any]:
    """The dictionary stored in a file written by ``torch.save``, or by ``dp convert-backend``.

    Raises:
        CheckpointError: missing file, not a torch checkpoint, truncated, or a pickle that wants to
            run code; nothing of it has run.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; give the path of a checkpoint")
    if is_hdf5(path):
        return load_neutral_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about pickles that it refuses anyway
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path}: refused, {_refusal(error)}") from None
    except Exception as error:  # whatever torch raises of a file that it did not write
        raise CheckpointError(
            f"{path}: not a complete torch checkpoint ({_first_sentence(error)}); copy it again"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError(
            f"{path}: holds a {type(content).__name__}, not a checkpoint's dictionary"
        )
    return content


def _refusal(error: Exception) -> str:
    """Why torch does not unpickle a file, in one line."""
    text = " ".join(str(error).split())
    found = re.search(r"(Unsupported \w+:?|unsupported GLOBAL|GLOBAL) \S+", text)
    what = f" ({found.group(0)})" if found else ""
    return f"it holds more than tensors and plain data{what}, which could run code; none of it ran"


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text.split(". ")[0][:160] or type(error).__name__
