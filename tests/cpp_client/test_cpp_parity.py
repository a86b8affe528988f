"""Same structure, same file: the C++ client and the Python runtime say the same."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from ase.build import molecule
from exported_files import ExportedFiles
from programs import run
from recorded import model
from same_results import (
    LIBRARIES,
    TOLERANCES,
    assert_sezm_run_is_python,
    structures,
    written,
)

from sezm_infer.calculator import SezmCalculator
from sezm_infer.neighbors import NeighborList

CONFIGURATIONS = ["tiny", "mini", "zbl", "bundled"]

MANY_ATOMS = 100
"""Systems of so many take seconds with some models; the dynamics of one is compared below."""


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


@pytest.mark.parametrize("suffix", LIBRARIES)
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_results_are_the_same(
    build: Path,
    configuration: str,
    dtype: str,
    suffix: str,
    exported: ExportedFiles,
    tmp_path: Path,
) -> None:
    path = exported.path(configuration, dtype, suffix)
    frames = [atoms for atoms in structures(configuration) if len(atoms) < MANY_ATOMS]
    assert_sezm_run_is_python(build, path, frames, tmp_path, TOLERANCES[dtype])


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
    np.testing.assert_allclose(last.positions, atoms.positions, atol=1e-6, rtol=0)
    np.testing.assert_allclose(last.get_momenta(), atoms.get_momenta(), atol=1e-4, rtol=0)


def test_programs_without_libsezm_say_the_same(build: Path, exported: ExportedFiles) -> None:
    atoms = molecule("H2O")
    for program, suffix in (("embed_onnxruntime", ".onnx"), ("embed_libtorch", ".pt")):
        if not (build / program).exists():
            continue
        path = exported.path("bundled", "float32", suffix)
        atoms.calc = SezmCalculator(path, threads=1)
        largest = np.abs(atoms.get_forces()).max()
        for name in (program, "embed_c"):
            energy, forces = printed(build / name, path)
            assert energy == pytest.approx(atoms.get_potential_energy(), rel=1e-7)
            np.testing.assert_allclose(
                forces, atoms.get_forces(), atol=1e-5 * max(largest, 1), rtol=0
            )


@pytest.mark.parametrize("suffix", LIBRARIES)
@pytest.mark.parametrize(
    ("configuration", "dtype"),
    [
        ("bundled", "float32"),
        ("bundled", "float64"),
        ("tiny", "float64"),
        ("mini", "float64"),
        ("zbl", "float64"),
    ],
)
def test_the_c_client_says_the_same(
    build: Path, configuration: str, dtype: str, suffix: str, exported: ExportedFiles
) -> None:
    if not (build / LIBRARIES[suffix]).exists():
        pytest.skip(f"{LIBRARIES[suffix]} is not built")
    path = exported.path(configuration, dtype, suffix)
    atoms = molecule("H2O")
    atoms.calc = SezmCalculator(path, threads=1)
    energy, forces = printed(build / "embed_c", path)
    largest = np.abs(atoms.get_forces()).max()
    assert abs(energy - atoms.get_potential_energy()) <= TOLERANCES[dtype] * abs(energy)
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=TOLERANCES[dtype] * largest, rtol=0)


def printed(program: Path, model_file: Path) -> tuple[float, np.ndarray]:
    """Energy and forces of a water molecule, as a client prints them."""
    energy, *forces = [line.split()[1:] for line in run(program, model_file).splitlines()]
    return float(energy[0]), np.array(forces, float)
