"""Charged, magnetic and conditioned models, and those with direct forces or limited neighbours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ase
import numpy as np
import pytest
from exported_files import ExportedFiles
from programs import run
from same_results import (
    LIBRARIES,
    TOLERANCES,
    assert_sezm_run_is_python,
    structures,
    written,
)

CONDITIONED = [
    "everything_native_spin",  # charge, spin, frame and atomic parameters, spin vectors
    "charge_spin_default",
    "spin_deepspin_sel",  # limited neighbours
    "dens_conditioned",  # direct forces
]


@pytest.mark.parametrize("suffix", LIBRARIES)
@pytest.mark.parametrize("configuration", CONDITIONED)
def test_results_are_the_same_with_extra_inputs(
    build: Path, configuration: str, suffix: str, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = exported.path(configuration, "float64", suffix)
    frames = structures(configuration)
    assert_sezm_run_is_python(build, path, frames, tmp_path, TOLERANCES["float64"])


def test_the_same_neighbours_are_kept_in_single_precision(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = exported.path("dens_few", "float32", ".onnx")
    cubic = ase.Atoms("HHHHHHH", np.vstack([np.zeros(3), np.eye(3), -np.eye(3)]) * 1.1)
    cubic.positions += 1e-8 * np.random.default_rng(0).normal(size=(7, 3))  # ties in float32
    cubic.symbols[:] = structures("dens_few")[1].symbols[0]
    assert_sezm_run_is_python(build, path, [cubic], tmp_path, TOLERANCES["float32"])


def test_defaults_hold_for_frames_that_bring_nothing(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = exported.path("charge_spin_default", "float64", ".onnx")
    one, other = structures("charge_spin_default")[1], structures("charge_spin_default")[2]
    with_charge = one.copy()
    with_charge.info |= {"charge": 1, "spin": 2}
    frames = [one, with_charge, other, one]
    assert_sezm_run_is_python(build, path, frames, tmp_path, TOLERANCES["float64"])


@pytest.mark.parametrize("values", [[0.5, -1.25, 2.0], np.array([0.5, -1.25, 2.0])])
def test_parameters_are_read_as_ase_writes_them(
    build: Path, values: object, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = exported.path("fparam_default", "float64", ".onnx")
    atoms = structures("fparam_default")[1]
    atoms.info["fparam"] = values
    assert_sezm_run_is_python(build, path, [atoms], tmp_path, TOLERANCES["float64"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda atoms: atoms.info.pop("fparam"), "needs the input 'fparam'"),
        (lambda atoms: atoms.arrays.pop("spins"), "needs the input 'spins'"),
        (lambda atoms: atoms.info.pop("spin"), "has no spin; give both charge and spin"),
        (lambda atoms: atoms.info.update(charge=0.5), "charge is 0.5"),
        (lambda atoms: atoms.info.update(charge="one"), "'one' is not a number"),
        (lambda atoms: atoms.info.update(spin=[1, 2]), "spin is '_JSON [1, 2]'; use one number"),
        (lambda atoms: atoms.info.update(fparam=np.ones(3)), "has 3 values; it takes 2"),
        (lambda atoms: atoms.info.update(fparam=np.array([1, np.inf])), "use finite numbers"),
        (lambda atoms: atoms.set_array("aparam", np.ones((len(atoms), 2))), "was set for"),
    ],
)
def test_extra_inputs_that_make_no_sense_are_refused(
    build: Path,
    change: Callable[[ase.Atoms], object],
    message: str,
    exported: ExportedFiles,
    tmp_path: Path,
) -> None:
    path = exported.path("everything_native_spin", "float64", ".onnx")
    atoms = structures("everything_native_spin")[2]
    if message == "was set for":
        del atoms.arrays["aparam"]
    change(atoms)
    _, source = written([atoms], tmp_path)
    assert message in run(build / "sezm_run", path, source, tmp_path / "out.extxyz", code=2)


def test_what_a_model_would_ignore_is_refused(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = exported.path("charge_spin_default", "float64", ".onnx")
    atoms = structures("charge_spin_default")[1]
    atoms.info["fparam"] = 1.0
    _, source = written([atoms], tmp_path)
    complaint = run(build / "sezm_run", path, source, tmp_path / "out.extxyz", code=2)
    assert "the structure has fparam, which this model does not take" in complaint
