"""Models that the documentation builds run in C++ as they do in Python, in both engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from programs import run
from same_results import TOLERANCES, assert_same, written

from sezm_infer.calculator import SezmCalculator

PAGES = {"own_architecture.md": "pairs", "fused_tensor.md": "density"}


@pytest.fixture(params=PAGES)
def files(request: pytest.FixtureRequest, page_folder: Callable[[str], Path]) -> Path:
    """Paths, without suffix, of what a page's code writes."""
    return page_folder(request.param) / PAGES[request.param]


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
def test_results_are_those_of_python(build: Path, files: Path, suffix: str, tmp_path: Path) -> None:
    path = files.with_suffix(suffix)
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, 6, (20, 3))
    frames, source = written(
        [
            ase.Atoms("O4H8", positions[:12]),
            ase.Atoms("O10H10", positions, cell=[6, 6.5, 7], pbc=True),
            ase.Atoms("OH", [[0, 0, 0], [1, 1, 1]], cell=[3, 3.2, 3.4], pbc=True),
        ],
        tmp_path,
    )
    run(build / "sezm_run", path, source, tmp_path / "out.extxyz", "--threads", "1")
    calculator = SezmCalculator(path, threads=1)
    for atoms, found in zip(frames, ase.io.read(tmp_path / "out.extxyz", ":"), strict=True):
        atoms.calc = calculator
        assert_same(atoms, found, TOLERANCES["float32"])
