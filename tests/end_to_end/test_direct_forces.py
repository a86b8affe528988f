"""Models with direct forces from ASE atoms to forces: the runtime's neighbour limit included."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
from random_checkpoint import DATA, write_checkpoint
from recorded import FLOAT64_TOLERANCE
from recorded_heads import recorded_results
from sezm_export import export

from sezm_infer.calculator import SezmCalculator

CONFIGURATION = "dens_few_exclusions"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dens") / "model.ckpt.pt"
    write_checkpoint(CONFIGURATION, path)
    return path


@pytest.mark.parametrize("suffix", ["", ".pt", ".onnx"], ids=["checkpoint", "torchscript", "onnx"])
def test_calculator_equals_the_trainer(checkpoint: Path, suffix: str) -> None:
    file = checkpoint
    if suffix:
        file = checkpoint.with_name(f"model{suffix}")
        export(checkpoint, file, dtype="float64")
    calculator = SezmCalculator(file, **({} if suffix else {"dtype": "float64"}))
    for system in ("molecule9", "skewed5", "dimer", "atom"):
        atoms = structure(system)
        atoms.calc = calculator
        expected = recorded_results(CONFIGURATION, system)
        tolerance = FLOAT64_TOLERANCE * max(np.abs(expected["forces"]).max(), 1e-2)
        np.testing.assert_allclose(
            atoms.get_forces(), expected["forces"], rtol=0, atol=tolerance, err_msg=system
        )
        np.testing.assert_allclose(
            atoms.get_potential_energy(), expected["energy"], rtol=FLOAT64_TOLERANCE
        )


def structure(system: str) -> ase.Atoms:
    with np.load(DATA / f"{CONFIGURATION}.npz") as data:
        return ase.Atoms(
            *(data[f"{system}/{key}"] for key in ("atomic_numbers", "pos")),
            cell=data[f"{system}/cell"],
            pbc=data[f"{system}/pbc"],
        )
