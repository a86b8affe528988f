"""Exported NequIP models give the numbers of mlip, from files of both formats."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
import torch
from exported_files import ExportedFiles
from nequip_cases import CHARGE, numbers, structure, write_case
from sezm_export.load import load_model

from sezm_infer.calculator import SezmCalculator
from sezm_infer.errors import SezmError
from sezm_infer.evaluation import evaluate
from sezm_infer.sessions import open_session

WITH_CHARGE = ("coulomb", "coulomb_alone")


@pytest.fixture(params=["small", "soft", "cosine", *WITH_CHARGE])
def files(request: pytest.FixtureRequest, exported: ExportedFiles) -> tuple[str, list[Path]]:
    """Name of the case, and one file in each format; not verified, for mlip's numbers judge."""
    case = request.param
    return case, [exported.path(f"nequip:{case}", suffix=suffix) for suffix in (".onnx", ".pt")]


def charged(case: str) -> ase.Atoms:
    """The recorded structure, with its charge for models that take one."""
    atoms = structure(case)
    if case in WITH_CHARGE:
        atoms.info["charge"] = CHARGE
    return atoms


def test_files_equal_mlip_alone_and_in_batches(files) -> None:
    case, paths = files
    stored = numbers(case)
    for path in paths:
        for found in evaluate(open_session(path, threads=1), [charged(case)] * 3):
            np.testing.assert_allclose(found.energy, stored["energy_0"][0], rtol=1e-11)
            for values, wanted in (
                (found.forces, stored["forces_0"]),
                (found.virial / -charged(case).get_volume(), stored["stress_0"].reshape(3, 3)),
            ):
                np.testing.assert_allclose(
                    values, wanted, atol=1e-10 * np.abs(wanted).max(), rtol=0
                )


def test_stress_is_the_derivative_of_the_energy(files) -> None:
    case, paths = files
    calculator = SezmCalculator(paths[0])
    atoms = charged(case)
    atoms.calc = calculator
    stress, step = atoms.get_stress(voigt=False), 1e-5
    energies = []
    for sign in (1, -1):
        strained = charged(case)
        strain = np.array([[1.0, 0.3, 0.0], [0.3, -0.5, 0.2], [0.0, 0.2, 0.4]])
        strained.set_cell(
            strained.cell.array @ (np.eye(3) + sign * step * strain), scale_atoms=True
        )
        strained.calc = calculator
        energies.append(strained.get_potential_energy())
    slope = (energies[0] - energies[1]) / (2 * step) / atoms.get_volume()
    assert slope == pytest.approx(np.sum(stress * strain), rel=1e-5, abs=1e-6)


def test_charges_are_required_and_checked(files) -> None:
    case, paths = files
    session = open_session(paths[0], threads=1)
    atoms = structure(case)
    if case not in WITH_CHARGE:
        atoms.info["charge"] = 1
        with pytest.raises(SezmError, match="does not take and would ignore"):
            evaluate(session, [atoms])
        return
    with pytest.raises(SezmError, match=r'no atoms\.info\["charge"\]'):
        evaluate(session, [atoms])
    atoms.info["charge"] = 0.5
    with pytest.raises(SezmError, match="whole number"):
        evaluate(session, [atoms])
    atoms.info["charge"] = 2
    if case == "coulomb":
        with pytest.raises(SezmError, match="trained on systems of charge -1, 0, 1"):
            evaluate(session, [atoms])
    else:
        assert np.isfinite(evaluate(session, [atoms])[0].energy)


def test_metadata_say_what_the_model_is(files) -> None:
    case, paths = files
    metadata = open_session(paths[1], threads=1).metadata
    assert metadata.family == "nequip"
    assert metadata.cutoff == (7.0 if case in WITH_CHARGE else 4.0)
    assert metadata.whole_system == (case in WITH_CHARGE)
    assert metadata.input_values == ({"charge": (-1.0, 0.0, 1.0)} if case == "coulomb" else {})


def test_heads_and_averages(tmp_path: Path) -> None:
    path = write_case("heads", tmp_path / "model.zip")
    assert load_model(path, None, "b").dtype == torch.float32
    with pytest.raises(SezmError, match="no averaged weights"):
        load_model(path, ema=True)
