"""DeePMD-kit's backend-neutral files (.dp), rebuilt bit for bit from what was recorded of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from random_checkpoint import DATA, build_checkpoint

NEUTRAL = {
    # name: configuration
    "tiny": "tiny",
    "mini": "mini",
    "zbl": "zbl",
    "exclusions_zbl": "exclusions_zbl",
    "full_residuals_query": "full_residuals_query",
    "no_blocks": "no_blocks",
    "tiny_numpy": "tiny",
    "exclusions_zbl_numpy": "exclusions_zbl",
}

REFERENCE_BACKEND = ("tiny_numpy", "exclusions_zbl_numpy")
"""In the form of DeePMD-kit's NumPy backend; the others are of its PyTorch backend."""


@cache
def _recorded() -> dict[str, Any]:
    return json.loads((DATA / "neutral_forms.json").read_text())


def write_neutral_file(name: str, path: Path) -> Path:
    """Write the file that DeePMD-kit wrote for the model ``name``."""
    entries = build_checkpoint(NEUTRAL[name])["model"]
    form = _recorded()[name]
    with h5py.File(path, "w") as file:
        file.attrs["json"] = json.dumps(form["record"])
        for dataset, source in form["variables"].items():
            is_entry = "entry" in source
            value = entries[source["entry"]].numpy() if is_entry else np.array(source["value"])
            file.create_dataset(dataset, data=value)
    return path
