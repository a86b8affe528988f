"""What tests found, kept for the page of what is supported: deviations, files that were read.

Nothing is kept unless the environment names a file for it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

VARIABLE = "SEZM_DEVIATIONS"
"""Name of the environment variable with the path of the file; it gets one JSON object per line."""


def findings_are_kept() -> bool:
    """Whether this run is one for the page."""
    return VARIABLE in os.environ


def note_deviation(
    configuration: str, program: str, dtype: str, quantity: str, deviation: float, own_error: float
) -> None:
    """Keep one comparison.

    Args:
        configuration: of the recorded data.
        program: what computed: "eager", "TorchScript" or "ONNX".
        dtype: of the model.
        quantity: output that was compared.
        deviation: from the trainer's number, relative.
        own_error: of the trainer in this dtype, its deviation from its float64, relative.
    """
    _write(
        {
            "configuration": configuration,
            "program": program,
            "dtype": dtype,
            "quantity": quantity,
            "deviation": float(deviation),
            "own_error": float(own_error),
        }
    )


def note_file_form(form: str) -> None:
    """Keep that checkpoint files of a form were read right.

    Args:
        form: what users would call it; a literal, so that the page's own test finds it.
    """
    _write({"file_form": form})


def _write(entry: dict[str, Any]) -> None:
    if findings_are_kept():
        with Path(os.environ[VARIABLE]).open("a") as file:
            file.write(json.dumps(entry) + "\n")
