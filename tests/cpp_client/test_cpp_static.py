"""Static files: padded, and refused where a system does not fit."""

from __future__ import annotations

from pathlib import Path

import ase
import ase.io
import pytest
from ase.build import molecule
from programs import run
from same_results import ENGINES, LIBRARIES, TOLERANCES, assert_same, written
from sezm_export import export

from sezm_infer.calculator import SezmCalculator

BUNDLED = Path(__file__).resolve().parents[2] / "models/zoo/water_gfn1"


@pytest.fixture(scope="module", params=LIBRARIES)
def static_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For 12 atoms and 60 edges at most."""
    path = tmp_path_factory.mktemp("static") / f"static{request.param}"
    export(BUNDLED / "model.ckpt.pt", path, static=(12, 60))
    return path


def test_systems_that_fit_are_padded(build: Path, static_file: Path, tmp_path: Path) -> None:
    """The same as Python, and as the file that takes any size."""
    frames, source = written([chain(1, 2.9), chain(2, 2.9)], tmp_path)
    output, engine = tmp_path / "out.extxyz", ENGINES[static_file.suffix]
    command = [build / "sezm_run", static_file, source, output, "--threads", "1"]
    run(*command, "--backend", engine)
    for path in (static_file, BUNDLED / "model.onnx"):
        calculator = SezmCalculator(path, threads=1)
        for atoms, found in zip(frames, ase.io.read(output, ":"), strict=True):
            atoms.calc = calculator
            tolerance = TOLERANCES["float32"] if path == static_file else 1e-5
            assert_same(atoms, found, tolerance)


def test_systems_that_do_not_fit_are_refused(
    build: Path, static_file: Path, tmp_path: Path
) -> None:
    for count, message in (
        (5, "15 atoms, but this static file takes at most 12; export with a larger --static N,E"),
        (4, "edges, but this static file takes at most 60; export with a larger --static N,E"),
    ):
        _, source = written([chain(count, 2.0)], tmp_path)
        output = tmp_path / "out.extxyz"
        assert message in run(build / "sezm_run", static_file, source, output, code=2)


def chain(count: int, distance: float) -> ase.Atoms:
    """Water molecules in a row."""
    atoms = ase.Atoms()
    for number in range(count):
        water = molecule("H2O")
        water.translate([distance * number, 0, 0])
        atoms.extend(water)
    return atoms
