"""sezm_run and the Python runtime on the same file and the same structures."""

from __future__ import annotations

from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from programs import run
from recorded import recorded, systems_of

from sezm_infer.calculator import SezmCalculator

TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
"""Of the largest force, and of energy and virial."""

ENGINES = {".onnx": "onnxruntime", ".pt": "torchscript"}
"""By suffix of the file."""

LIBRARIES = {".onnx": "libsezm_onnxruntime.so", ".pt": "libsezm_torch.so"}


def structures(configuration: str) -> list[ase.Atoms]:
    """The recorded systems, with the extra inputs that they were recorded with."""
    return [_structure(configuration, system) for system in systems_of(configuration)]


def _structure(configuration: str, system: str) -> ase.Atoms:
    case = recorded(configuration, system)
    atoms = ase.Atoms(case.atomic_numbers, case.pos, cell=case.cell, pbc=case.pbc)
    given = case.conditioning
    if "charge_spin" in given:
        atoms.info["charge"], atoms.info["spin"] = given["charge_spin"][0].tolist()
    if "fparam" in given:
        atoms.info["fparam"] = given["fparam"][0]
    for name in ("aparam", "spins"):
        if name in given:
            atoms.set_array(name, given[name])
    return atoms


def written(frames: list[ase.Atoms], folder: Path) -> tuple[list[ase.Atoms], Path]:
    """Frames in a file, and as they are read back from it."""
    path = folder / "in.extxyz"
    ase.io.write(path, frames)
    return ase.io.read(path, ":"), path


def assert_sezm_run_is_python(
    build: Path, path: Path, frames: list[ase.Atoms], folder: Path, tolerance: float
) -> None:
    """sezm_run, asked for the file's engine by name, gives what the calculator gives."""
    if not (build / LIBRARIES[path.suffix]).exists():
        pytest.skip(f"{LIBRARIES[path.suffix]} is not built")
    frames, source = written(frames, folder)
    output = folder / "out.extxyz"
    engine = ENGINES[path.suffix]
    run(build / "sezm_run", path, source, output, "--threads", "1", "--backend", engine)
    calculator = SezmCalculator(path, threads=1)
    for atoms, found in zip(frames, ase.io.read(output, ":"), strict=True):
        atoms.calc = calculator
        assert_same(atoms, found, tolerance)


def assert_same(atoms: ase.Atoms, found: ase.Atoms, tolerance: float) -> None:
    """What sezm_run wrote of a structure is what its calculator says."""
    forces = atoms.get_forces()
    results = atoms.calc.results
    largest = max(np.abs(forces).max(), 1e-4)
    assert np.abs(found.get_forces() - forces).max() <= tolerance * largest
    energies = atoms.get_potential_energies()
    scale = max(np.abs(energies).sum(), 1.0)
    assert abs(found.get_potential_energy() - atoms.get_potential_energy()) <= tolerance * scale
    assert np.abs(found.calc.results["energies"] - energies).max() <= tolerance * scale
    assert ("stress" in found.calc.results) == ("stress" in results)
    if "stress" in results:
        virial = results["stress"] * atoms.cell.volume
        deviation = np.abs(found.get_stress() * atoms.cell.volume - virial).max()
        assert deviation <= tolerance * max(np.abs(virial).max(), largest)
    assert ("magnetic_forces" in found.arrays) == ("magnetic_forces" in results)
    if "magnetic_forces" in results:
        expected = results["magnetic_forces"]
        largest = max(np.abs(expected).max(), largest)
        assert np.abs(found.arrays["magnetic_forces"] - expected).max() <= tolerance * largest
