"""Same structure, same file: the C++ client and the Python runtime say the same."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
import torch
from ase.build import molecule
from programs import run
from recorded import model, recorded, systems_of
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.simplify_graph import simplify_graph
from sezm_export.trace import trace

from sezm_infer.calculator import SezmCalculator
from sezm_infer.neighbors import NeighborList

CONFIGURATIONS = ["tiny", "mini", "zbl", "bundled"]
TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
"""Of the largest force, and of energy and virial."""


@cache
def graph(configuration: str, dtype: str):
    return simplify_graph(trace(model(configuration, getattr(torch, dtype))))


@cache
def exported(configuration: str, dtype: str, suffix: str, folder: Path) -> Path:
    path = folder / f"{configuration}_{dtype}{suffix}"
    metadata = describe(model(configuration, getattr(torch, dtype)), "0" * 64)
    file_format = format_of(path)
    file_format.save(file_format.lower(graph(configuration, dtype), metadata), metadata, path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


def structures(configuration: str) -> list[ase.Atoms]:
    cases = [recorded(configuration, system) for system in systems_of(configuration)]
    return [
        ase.Atoms(case.atomic_numbers, case.pos, cell=case.cell, pbc=case.pbc) for case in cases
    ]


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("skin", ["0", "1"])
def test_edges_are_the_same_to_the_last_bit(
    build: Path, configuration: str, skin: str, tmp_path: Path
) -> None:
    frames, path = written(structures(configuration), tmp_path)
    cutoff = model(configuration, torch.float64).cutoff
    rows = np.loadtxt(run(build / "print_edges", path, repr(cutoff), skin).splitlines())
    for number, atoms in enumerate(frames):
        edges = NeighborList(cutoff).update(atoms)
        found = rows[rows[:, 0] == number]
        np.testing.assert_array_equal(found[:, 1:3].T, edges.index)
        np.testing.assert_array_equal(found[:, 3:], edges.vectors)


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_results_are_the_same(
    build: Path, configuration: str, dtype: str, suffix: str, folder: Path, tmp_path: Path
) -> None:
    require_engine(build, suffix)
    path = exported(configuration, dtype, suffix, folder)
    frames, source = written(structures(configuration), tmp_path)
    run(build / "sezm_run", path, source, tmp_path / "out.extxyz", "--threads", "1")
    calculator = SezmCalculator(path, threads=1)
    for atoms, found in zip(frames, ase.io.read(tmp_path / "out.extxyz", ":"), strict=True):
        atoms.calc = calculator
        assert_same(atoms, found, TOLERANCES[dtype])


def test_dynamics_is_that_of_ase(build: Path, tmp_path: Path) -> None:
    from ase import units
    from ase.md.verlet import VelocityVerlet

    root = Path(__file__).resolve().parents[2] / "models/zoo/water_gfn1"
    atoms = ase.io.read(root / "water64.extxyz")
    atoms.set_momenta(np.random.default_rng(0).normal(size=(len(atoms), 3)))
    _, source = written([atoms], tmp_path)
    command = [build / "sezm_run", root / "model.onnx", source, tmp_path / "md.extxyz"]
    run(*command, "--md", "10", "--timestep", "0.5", "--threads", "1")
    atoms.calc = SezmCalculator(root / "model.onnx", threads=1)
    VelocityVerlet(atoms, 0.5 * units.fs).run(10)
    last = ase.io.read(tmp_path / "md.extxyz")
    np.testing.assert_allclose(last.positions, atoms.positions, atol=1e-6)
    np.testing.assert_allclose(last.get_momenta(), atoms.get_momenta(), atol=1e-4)


def test_programs_without_libsezm_say_the_same(build: Path, folder: Path) -> None:
    atoms = molecule("H2O")
    for program, suffix in (("embed_onnxruntime", ".onnx"), ("embed_libtorch", ".pt")):
        if not (build / program).exists():
            continue
        path = exported("bundled", "float32", suffix, folder)
        atoms.calc = SezmCalculator(path, threads=1)
        for name in (program, "embed_c"):
            energy, *forces = [line.split()[1:] for line in run(build / name, path).splitlines()]
            assert float(energy[0]) == pytest.approx(atoms.get_potential_energy(), rel=1e-7)
            np.testing.assert_allclose(np.array(forces, float), atoms.get_forces(), atol=1e-5)


def require_engine(build: Path, suffix: str) -> None:
    library = {".onnx": "libsezm_onnxruntime.so", ".pt": "libsezm_torch.so"}[suffix]
    if not (build / library).exists():
        pytest.skip(f"{library} is not built")


def written(frames: list[ase.Atoms], folder: Path) -> tuple[list[ase.Atoms], Path]:
    """Frames in a file, and as they are read back from it."""
    path = folder / "in.extxyz"
    ase.io.write(path, frames)
    return ase.io.read(path, ":"), path


def assert_same(atoms: ase.Atoms, found: ase.Atoms, tolerance: float) -> None:
    forces = atoms.get_forces()
    largest = max(np.abs(forces).max(), 1e-4)
    assert np.abs(found.get_forces() - forces).max() <= tolerance * largest
    energies = atoms.get_potential_energies()
    scale = max(np.abs(energies).sum(), 1.0)
    assert abs(found.get_potential_energy() - atoms.get_potential_energy()) <= tolerance * scale
    assert np.abs(found.calc.results["energies"] - energies).max() <= tolerance * scale
    if atoms.cell.volume > 1e-6:
        virial = atoms.get_stress() * atoms.cell.volume
        deviation = np.abs(found.get_stress() * atoms.cell.volume - virial).max()
        assert deviation <= tolerance * max(np.abs(virial).max(), largest)
