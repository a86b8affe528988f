"""Reading a torch checkpoint without running any code that it may carry."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from .errors import CheckpointError


def load_checkpoint_file(path: str | Path) -> dict[str, Any]:
    """The dictionary stored in a file written by ``torch.save``.

    Raises:
        CheckpointError: missing file, not a torch checkpoint, truncated, or a pickle that wants to
            run
            code; nothing of it has run.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; give the path of a checkpoint")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path}: refused, {_first_sentence(error)}") from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path}: not a complete torch checkpoint ({_first_sentence(error)}); copy it again"
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError(
            f"{path}: holds a {type(content).__name__}, not a checkpoint's dictionary"
        )
    return content


def _first_sentence(error: Exception) -> str:
    """The part of torch's message that says what was found, in one line."""
    text = " ".join(str(error).split())
    for start in ("Unsupported global:", "Unsupported class", "Unsupported operand"):
        if start in text:
            found = text[text.index(start) :].split(" was not ")[0]
            return f"it contains more than tensors and plain data ({found}), which could run code"
    return text.split(". ")[0][:160] or type(error).__name__
