"""Staged files in libsezm say what ordinary files say, whole and in domains."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import ase.io
import numpy as np
from exported_files import ExportedFiles
from lammps_structures import recorded_structure
from programs import run

from sezm_infer.calculator import SezmCalculator


def test_files_of_stages_agree_with_ordinary_ones(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    for dtype in ("float64", "float32"):
        shutil.copy(exported.path("tiny", dtype), tmp_path)
        shutil.copy(exported.path("tiny", dtype, staged=True), tmp_path)
    if (build / "libsezm_torch.so").exists():
        shutil.copy(exported.path("tiny", suffix=".pt", staged=True), tmp_path)
    environment = os.environ | {"SEZM_STAGED_FILES": str(tmp_path)}
    assert "All tests passed" in run(build / "sezm_staged_tests", env=environment)


def test_stages_of_a_bridged_model_agree_with_python(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = exported.path("zbl", staged=True)
    frames = [recorded_structure("zbl", system) for system in ("close3", "window4", "skewed5")]
    ase.io.write(tmp_path / "in.extxyz", frames)
    run(build / "sezm_run", path, tmp_path / "in.extxyz", tmp_path / "out.extxyz")
    calculator = SezmCalculator(exported.path("zbl"), threads=1)
    pairs = zip(
        ase.io.read(tmp_path / "in.extxyz", ":"),
        ase.io.read(tmp_path / "out.extxyz", ":"),
        strict=True,
    )
    for atoms, found in pairs:
        atoms.calc = calculator
        forces, energy = atoms.get_forces(), atoms.get_potential_energy()
        np.testing.assert_allclose(
            found.get_forces(), forces, atol=1e-12 * max(np.abs(forces).max(), 1.0), rtol=0
        )
        assert abs(found.get_potential_energy() - energy) <= 1e-12 * abs(energy)
