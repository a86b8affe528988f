"""libsezm runs compiled files as Python does, and refuses those of other machines."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import ase.io
import numpy as np
import pytest
from programs import run

from sezm_infer import SezmCalculator
from sezm_infer.boxes import box_for
from sezm_infer.compiled_for import compiled_here
from sezm_infer.sessions import read_metadata

HERE = compiled_here("toy.onnx")


@pytest.fixture
def sezm_run(build: Path) -> Path:
    if not (build / "libsezm_aotinductor.so").exists():
        pytest.skip("libsezm_aotinductor.so is not built")
    return build / "sezm_run"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    ase.io.write(tmp_path / "in.extxyz", box_for("HCO", 60))
    return tmp_path / "in.extxyz"


def test_compiled_files_run_as_in_python(sezm_run: Path, compiled_toy: Path, box: Path) -> None:
    out = box.with_name("out.extxyz")
    run(sezm_run, compiled_toy, box, out, "--threads", "1", "--backend", "aotinductor")
    atoms, found = ase.io.read(box), ase.io.read(out)
    atoms.calc = SezmCalculator(compiled_toy, threads=1)
    assert found.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), rel=1e-12)
    largest = np.abs(atoms.get_forces()).max()
    np.testing.assert_allclose(found.get_forces(), atoms.get_forces(), atol=1e-10 * largest, rtol=0)


@pytest.mark.parametrize(
    ("target", "difference"),
    [
        (replace(HERE, torch="1.13.1"), "torch 1.13.1, and here is torch "),
        (replace(HERE, machine="vax"), "vax, and here is "),
        (replace(HERE, cpu_features=("avx9",)), "a CPU with avx9, which this one lacks"),
    ],
)
def test_files_of_other_machines_are_refused(
    sezm_run: Path, box: Path, target: object, difference: str
) -> None:
    path = _package(box.with_name("toy.pt2"), target)
    error = run(sezm_run, path, box, box.with_name("out.extxyz"), code=2)
    assert f"toy.pt2: it was compiled for {difference}" in error
    assert "use its portable file toy.onnx, or export it here" in error


def test_native_code_under_another_name_is_not_run(sezm_run: Path, box: Path) -> None:
    path = _package(box.with_name("toy.pt"), HERE)
    assert "native code" in run(sezm_run, path, box, box.with_name("out.extxyz"), code=2)


def _package(path: Path, target: object) -> Path:
    """Without code: none may be needed before a file is refused."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy/data/aotinductor/model/wrapper.so", b"")
        archive.writestr("toy/.data/version", "6\n")
        _, _, metadata = read_metadata("water_gfn1")
        record = replace(metadata, compiled_for=target).to_json()
        archive.writestr("toy/extra/sezm_metadata.json", record)
    return path
