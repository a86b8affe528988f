"""Which library of kernels a session registers, and what it says of one that it cannot."""

from __future__ import annotations

from pathlib import Path

import ase
import pytest
from toy_files import toy_metadata, write_toy_onnx

from sezm_infer import SezmError, evaluate, kernels, open_session
from sezm_infer.kernels import kernel_library


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return write_toy_onnx(tmp_path / "toy", toy_metadata("float64"))


@pytest.fixture
def no_library(tmp_path: Path) -> Path:
    path = tmp_path / "kernels.so"
    path.write_bytes(b"not a library")
    return path


def test_none_is_needed(
    toy: Path, crystal: ase.Atoms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SEZM_KERNELS", raising=False)
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "kernels.py"))
    assert kernel_library() is None
    evaluate(open_session(toy), [crystal])


def test_the_one_in_the_package_is_found(
    no_library: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SEZM_KERNELS", raising=False)
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "kernels.py"))
    monkeypatch.setattr(kernels.sys, "platform", "linux")
    folder = tmp_path / "_kernels"
    folder.mkdir()
    no_library.rename(folder / "libsezm_kernels.so")
    assert kernel_library() == folder / "libsezm_kernels.so"


def test_the_variable_names_another(no_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEZM_KERNELS", str(no_library))
    assert kernel_library() == no_library


def test_the_variable_says_none(
    toy: Path, crystal: ase.Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEZM_KERNELS", "off")
    assert kernel_library() is None
    evaluate(open_session(toy), [crystal])


def test_a_path_that_does_not_exist_is_refused(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEZM_KERNELS", "no/such/library.so")
    with pytest.raises(SezmError, match=r"SEZM_KERNELS is 'no/such/library.so'.*no such file.*off"):
        open_session(toy)


def test_a_file_that_is_no_library_is_refused(
    toy: Path, no_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEZM_KERNELS", str(no_library))
    with pytest.raises(SezmError, match=r"kernels.so: ONNX Runtime .* SEZM_KERNELS=off"):
        open_session(toy)
