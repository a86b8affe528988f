"""NequIP gives the numbers of mlip 0.2.2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from nequip_cases import CASES, DATA, flat_inputs, numbers, record, structure, write_case
from sezm_export.flat_function import flat_outputs
from sezm_models import nequip
from sezm_models.nequip.clebsch_gordan import clebsch_gordan
from sezm_models.nequip.harmonics import SphericalHarmonics

COUPLINGS = np.load(DATA / "couplings.npz")
TABLES = sorted(name for name in COUPLINGS.files if name[0].isdigit())
FLOAT32 = 2e-5
"""Of the largest force."""


def heads() -> list[tuple[str, int]]:
    return [
        (case, head)
        for case in CASES
        for head in range(record(case)["hyperparameters"]["config"]["num_readout_heads"])
    ]


@pytest.mark.parametrize(("case", "head"), heads())
def test_energies_forces_and_stress_are_those_of_mlip(case: str, head: int, tmp_path: Path) -> None:
    path = write_case(case, tmp_path / "model.zip")
    model = nequip.read(path, dtype=torch.float64, head=str(head))
    atoms, stored = structure(case), numbers(case)
    energy, forces, virial, _ = flat_outputs(model, *flat_inputs(model, atoms))
    stress = -virial[0].numpy() / atoms.get_volume()
    np.testing.assert_allclose(energy.numpy(), stored[f"energy_{head}"], rtol=1e-12)
    for found, wanted in ((forces, stored[f"forces_{head}"]), (stress, stored[f"stress_{head}"])):
        wanted = wanted.reshape(found.shape)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-11 * np.abs(wanted).max())


@pytest.mark.parametrize("case", ["small", "coulomb", "default"])
def test_single_precision_is_close(case: str, tmp_path: Path) -> None:
    model = nequip.read(write_case(case, tmp_path / "model.zip"))
    assert model.dtype == torch.float32
    _, forces, _, _ = flat_outputs(model, *flat_inputs(model, structure(case)))
    wanted = numbers(case)["forces_0"]
    np.testing.assert_allclose(forces, wanted, rtol=0, atol=FLOAT32 * np.abs(wanted).max())


@pytest.mark.parametrize("case", ["coulomb", "coulomb_alone"])
def test_partial_charges_are_those_of_mlip(case: str, tmp_path: Path) -> None:
    model = nequip.read(write_case(case, tmp_path / "model.zip"), dtype=torch.float64)
    inputs = flat_inputs(model, structure(case))
    charges = model.partial_charges(*inputs[1:5], inputs[6], charge=inputs[8])
    assert charges.sum().item() == pytest.approx(1.0)
    np.testing.assert_allclose(
        charges, numbers(case)["partial_charges_0"].ravel(), atol=1e-12, rtol=0
    )


def test_a_file_that_mlip_wrote_is_read() -> None:
    model = nequip.read(DATA / "nequip_tiny.zip", dtype=torch.float64)
    energy, *_ = flat_outputs(model, *flat_inputs(model, structure("tiny")))
    np.testing.assert_allclose(energy.numpy(), numbers("tiny")["energy_0"], rtol=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_clebsch_gordan_tables_are_those_of_e3nn(name: str) -> None:
    out, left, right = map(int, name.split("_"))
    np.testing.assert_allclose(clebsch_gordan(out, left, right), COUPLINGS[name], atol=2e-7, rtol=0)


@pytest.mark.parametrize("degree", range(6))
def test_harmonics_are_those_of_e3nn(degree: int) -> None:
    directions = torch.tensor(COUPLINGS["directions"])
    found = SphericalHarmonics(5, torch.float64)(directions)[degree]
    np.testing.assert_allclose(found, COUPLINGS[f"harmonics_{degree}"], atol=1e-12, rtol=0)
