"""What a stranger gets: an installed library, a small program, documents that are true."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from programs import run

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "cpp_client"
MODEL = ROOT / "models/zoo/water_gfn1/model.onnx"
WATER = ROOT / "models/zoo/water_gfn1/water64.extxyz"
MEMORY_LIMIT = 150e6


@pytest.fixture
def installed(build: Path, tmp_path: Path) -> Path:
    """The library, installed below a folder of its own."""
    run("cmake", "--install", build, "--prefix", tmp_path / "installed")
    return tmp_path / "installed"


def test_a_downstream_project_builds_against_the_installed_library(
    installed: Path, tmp_path: Path
) -> None:
    source = CLIENT / "examples/downstream"
    configure = f"-DCMAKE_PREFIX_PATH={installed}"
    run("cmake", "-S", source, "-B", tmp_path / "down", configure)
    run("cmake", "--build", tmp_path / "down")
    assert "eV" in run(tmp_path / "down/downstream", MODEL)
    run(installed / "bin/sezm_run", MODEL, WATER, tmp_path / "out.extxyz")


def test_an_engine_that_was_not_built_is_named(installed: Path, tmp_path: Path) -> None:
    (engine,) = installed.rglob("libsezm_onnxruntime.so")
    engine.unlink()
    complaint = run(installed / "bin/sezm_run", MODEL, WATER, tmp_path / "out.extxyz", code=2)
    assert "needs ONNX Runtime, which this libsezm lacks" in complaint
    assert "build it with -DSEZM_ONNXRUNTIME=ON" in complaint


def test_a_downstream_project_builds_with_the_library_as_a_subdirectory(
    build: Path, tmp_path: Path
) -> None:
    configure = [
        f"-DSEZM_SOURCE={CLIENT}",
        f"-DCMAKE_PREFIX_PATH={build / 'dependencies'}",
        "-DCMAKE_BUILD_TYPE=Debug",
    ]
    run("cmake", "-S", CLIENT / "examples/downstream", "-B", tmp_path, *configure)
    # Without the kernels, which take minutes to compile and are the same in every build.
    run("cmake", "--build", tmp_path, "--target", "downstream", "sezm_onnxruntime")
    assert "eV" in run(tmp_path / "downstream", MODEL)


def test_onnx_files_need_neither_torch_nor_python(build: Path) -> None:
    for name in ("sezm_run", "libsezm.so", "libsezm_onnxruntime.so", "embed_onnxruntime"):
        assert not re.search(r"torch|python", run("ldd", build / name))


def test_an_onnx_run_takes_little_memory(build: Path, tmp_path: Path) -> None:
    # By way of a small process: what a process had before exec counts as its own.
    measure = "import resource as r, subprocess as s, sys; s.run(sys.argv[1:], check=True); "
    measure += "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"
    command = [build / "sezm_run", MODEL, WATER, tmp_path / "out.extxyz", "--threads", "1"]
    kilobytes = float(run(sys.executable, "-c", measure, *command))
    assert kilobytes * 1024 < MEMORY_LIMIT


def test_the_readme_shows_the_programs_in_full() -> None:
    readme = (CLIENT / "README.md").read_text()
    for name in ("embed_libtorch.cpp", "embed_onnxruntime.cpp", "embed_c.c"):
        source = (CLIENT / "clients" / name).read_text()
        assert source in readme
        assert len(source.splitlines()) < 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give three files"),
        ([MODEL, WATER, "OUT", "--colour", "red"], "option --colour is unknown"),
        ([MODEL, WATER, "OUT", "--threads", "two"], "--threads is 'two'"),
        ([MODEL, "/nonexistent", "OUT"], "/nonexistent: no such file"),
        ([MODEL, MODEL, "OUT"], "a frame starts with"),
        ([MODEL, WATER, "/nonexistent/out"], "cannot be written"),
        ([MODEL, WATER, "OUT", "--dtype", "float64"], "computes in float32"),
        ([MODEL, WATER, "OUT", "--backend", "torchscript"], "a file for ONNX Runtime"),
        ([MODEL, WATER, "OUT", "--device", "cuda:9"], "cuda:9"),
        (["/nonexistent", WATER, "OUT"], "no such file"),
    ],
)
def test_misuse_of_sezm_run_has_its_message(
    build: Path, arguments: list[str | Path], message: str, tmp_path: Path
) -> None:
    assert message in run(build / "sezm_run", *arguments, code=2, cwd=tmp_path)
