"""Models that come with the package: the folders of ``models/zoo``."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from .errors import SezmError

PREFERENCE = ("model.onnx", "model.ckpt.pt")
"""File names of a model, best first: ONNX runs without torch."""


def bundled_models() -> dict[str, Path]:
    """Path of the best file of each bundled model, by name."""
    models = {}
    for folder in sorted(_zoo_folder().iterdir()):
        path = next((folder / name for name in PREFERENCE if (folder / name).is_file()), None)
        if path is not None:
            models[folder.name] = path
    return models


def resolve(model: str | Path) -> Path:
    """The file that ``model``, a path or the name of a bundled model, stands for.

    Raises:
        SezmError: neither.
    """
    path = Path(model)
    if path.exists():
        return path
    bundled = bundled_models()
    if str(model) in bundled:
        return bundled[str(model)]
    names = ", ".join(bundled) or "none"
    raise SezmError(
        f"{model}: no such file, and no bundled model of that name (there are: {names})."
    )


def _zoo_folder() -> Path:
    return Path(str(files("sezm_zoo")))
