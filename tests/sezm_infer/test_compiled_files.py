"""Compiled files run only where they fit; elsewhere their portable file does, or nothing."""

from __future__ import annotations

import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from click.testing import CliRunner
from toy_files import toy_metadata, write_toy_onnx
from toy_packages import FOREIGN, HERE, write_package

from sezm_infer import SezmError, SezmWarning, evaluate, open_session
from sezm_infer.cli import main
from sezm_infer.compiled_for import cpu_features, obstacle
from sezm_infer.sessions.onnx import OnnxSession
from sezm_infer.sessions.sniff import FileKind, embedded_metadata, sniff


@pytest.fixture(params=FOREIGN)
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A file of another machine, and how its difference is named."""
    target, difference = FOREIGN[request.param]
    return write_package(tmp_path / "toy.pt2", target), difference


def test_the_portable_file_stands_in(
    foreign: tuple[Path, str], toy_onnx: Path, crystal: ase.Atoms
) -> None:
    path, difference = foreign
    shutil.copy(toy_onnx, path.with_name("toy.onnx"))
    with pytest.warns(SezmWarning, match=rf"{difference}.*running .*toy\.onnx"):
        session = open_session(path)
    assert isinstance(session, OnnxSession)
    expected, found = (evaluate(one, [crystal])[0] for one in (open_session(toy_onnx), session))
    np.testing.assert_array_equal(found.forces, expected.forces)


def test_without_its_portable_file_it_is_refused(foreign: tuple[Path, str]) -> None:
    path, difference = foreign
    with pytest.raises(SezmError, match=rf"toy\.pt2: .*{difference}.*copy .*toy\.onnx.*export it"):
        open_session(path)


def test_another_models_file_does_not_stand_in(foreign: tuple[Path, str]) -> None:
    path, difference = foreign
    write_toy_onnx(path.with_name("toy.onnx"), toy_metadata("float32"))
    with pytest.raises(SezmError, match=difference):
        open_session(path)


def test_the_command_line_warns_in_one_line(toy_onnx: Path, tmp_path: Path) -> None:
    target, difference = FOREIGN["cpu"]
    path = write_package(tmp_path / "toy.pt2", target)
    shutil.copy(toy_onnx, tmp_path)
    ase.io.write(tmp_path / "in.extxyz", ase.Atoms("OH", [[0, 0, 0], [0, 0, 1]]))
    arguments = ["eval", path, tmp_path / "in.extxyz", "-o", tmp_path / "out.extxyz"]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0
    warning, *_ = result.stderr.splitlines()
    assert re.match(rf"warning: .*{difference}", warning)


def test_native_code_under_another_name_is_not_run(tmp_path: Path) -> None:
    path = write_package(tmp_path / "model.pt", HERE)
    with pytest.raises(SezmError, match=r"native code.*if you trust it, name it model\.pt2"):
        open_session(path)


def test_packages_of_others_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "frozen.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frozen/data/aotinductor/model/wrapper.so", b"")
    with pytest.raises(SezmError, match="not one that 'sezm export' wrote"):
        open_session(path)


def test_packages_that_do_not_say_what_they_are_bound_to_are_refused(tmp_path: Path) -> None:
    path = write_package(tmp_path / "toy.pt2", None)
    assert sniff(path) is FileKind.AOTINDUCTOR
    with pytest.raises(SezmError, match="metadata is not of a file in AOTInductor format"):
        embedded_metadata(path, FileKind.AOTINDUCTOR)


@pytest.mark.parametrize("name", ["../toy.onnx", "/toy.onnx", "..", "", "a\\b"])
def test_the_portable_file_lies_in_the_same_folder(tmp_path: Path, name: str) -> None:
    path = write_package(tmp_path / "toy.pt2", replace(HERE, portable_file=name))
    with pytest.raises(SezmError, match=r"malformed \(compiled_for"):
        open_session(path)


def test_what_was_compiled_here_fits_here() -> None:
    assert obstacle(HERE, "cpu") is None
    assert obstacle(HERE, "cuda") == "it was compiled for device cpu, and here is device cuda"


def test_features_of_x86_are_those_that_compilers_use(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("model : 1\nflags\t\t: fpu vme sse2 avx512f constant_tsc fma\n\nflags : sse2\n")
    assert cpu_features(info) == ("avx512f", "fma", "sse2")


def test_features_of_arm_are_all_that_it_has(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nFeatures\t: fp asimd sve\n")
    assert cpu_features(info) == ("asimd", "fp", "sve")


def test_other_systems_list_no_features(tmp_path: Path) -> None:
    assert cpu_features(tmp_path / "none") == ()
