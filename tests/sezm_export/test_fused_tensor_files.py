"""A model built on FusedTensor becomes a file like any other."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
import torch
from sezm_export import export_model
from toy_fused import ELEMENTS, ToyFused

from sezm_infer import SezmCalculator

STEP = 1e-4
"""Angstrom, of finite differences."""


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [(".pt", torch.float32), (".onnx", torch.float32), (".pt", torch.float64)],
)
def test_export_proves_the_file(suffix: str, dtype: torch.dtype, tmp_path: Path) -> None:
    metadata = export_model(ToyFused(dtype), tmp_path / f"model{suffix}")
    assert metadata.forces_kind == "conservative"
    assert {"forces", "virial"} <= set(metadata.verification["largest_deviations"])


def test_the_file_runs_in_ase_and_its_energy_is_invariant(tmp_path: Path) -> None:
    export_model(ToyFused(torch.float64), tmp_path / "model.onnx")
    rng = np.random.default_rng(0)
    atoms = ase.Atoms([ELEMENTS[i] for i in rng.integers(0, 3, 7)], rng.uniform(0, 4, (7, 3)))
    atoms.calc = SezmCalculator(tmp_path / "model.onnx")
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    ends = []
    for sign in (1, -1):
        atoms.positions[2, 1] += sign * STEP
        ends.append(atoms.get_potential_energy())
        atoms.positions[2, 1] -= sign * STEP
    assert forces[2, 1] == pytest.approx((ends[1] - ends[0]) / (2 * STEP), rel=1e-5, abs=1e-7)
    atoms.rotate(50, (1, 2, 3))
    assert atoms.get_potential_energy() == pytest.approx(energy, rel=1e-11)
