"""Bundled models are what their model cards say."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
import sezm_export

from sezm_infer import SezmCalculator

ZOO = Path(__file__).resolve().parents[2] / "models/zoo"
MODELS = sorted(path.parent.name for path in ZOO.glob("*/MODEL_CARD.md"))

LARGEST_FORCE_ERROR = 0.15
"""Root mean square over held-out frames, eV/Angstrom."""

LARGEST_CHECKPOINT = 5e6
"""Bytes."""


@pytest.mark.parametrize("name", MODELS)
def test_forces_on_frames_not_seen_in_training(name: str) -> None:
    calculator = SezmCalculator(name)
    errors = []
    for frame in ase.io.read(ZOO / name / "holdout.extxyz", ":"):
        expected = frame.get_forces()
        frame.calc = calculator
        errors.append((frame.get_forces() - expected).ravel())
    assert np.sqrt(np.mean(np.concatenate(errors) ** 2)) < LARGEST_FORCE_ERROR


@pytest.mark.parametrize("name", MODELS)
def test_the_onnx_file_is_proven_against_the_checkpoint(name: str) -> None:
    folder = ZOO / name
    assert (folder / "model.ckpt.pt").stat().st_size < LARGEST_CHECKPOINT
    sezm_export.check(folder / "model.onnx", folder / "model.ckpt.pt")
