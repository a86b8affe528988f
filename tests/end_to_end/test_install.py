"""What users get from pip: MD from an ONNX file without torch, and examples that run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models/zoo/water_gfn1/model.onnx"
PACKAGES = re.compile(r'^  "(sezm_[\w.]+)",$', re.MULTILINE)
WATER = ROOT / "models/zoo/water_gfn1/water64.extxyz"


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with `pip install .` and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    source = copy_of_the_source(folder / "source")
    run(folder / "bin/pip", "install", "-q", "-c", source / "constraints.txt", source, cwd=folder)
    return folder / "bin"


def test_md_runs_from_an_onnx_file_without_extras(bare_environment: Path, tmp_path: Path) -> None:
    command = [bare_environment / "sezm", "md", MODEL, WATER, "--steps", "2", "--log", "md.csv"]
    run(*command, cwd=tmp_path)
    assert len((tmp_path / "md.csv").read_text().splitlines()) >= 3
    packages = run(bare_environment / "pip", "list", cwd=tmp_path)
    assert not re.search(r"^(torch|onnx|onnxscript)\s", packages, re.MULTILINE)


def test_bundled_models_are_part_of_the_package(bare_environment: Path, tmp_path: Path) -> None:
    assert "water_gfn1" in run(bare_environment / "sezm", "models", cwd=tmp_path)
    script = readme_example()
    run(bare_environment / "python", "-c", script, cwd=tmp_path)


def test_a_wheel_has_the_kernels_that_were_built_and_says_for_which_machines(
    tmp_path: Path,
) -> None:
    source = copy_of_the_source(tmp_path / "source")
    plain = wheel_of(source, tmp_path / "plain")
    assert plain.name.endswith("-py3-none-any.whl")
    (source / "sezm_infer/_kernels").mkdir()
    (source / "sezm_infer/_kernels/libsezm_kernels.so").write_bytes(b"kernels")
    packed = wheel_of(source, tmp_path / "packed")
    machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert packed.name.endswith(f"-py3-none-{machine}.whl")
    added = set(zipfile.ZipFile(packed).namelist()) - set(zipfile.ZipFile(plain).namelist())
    assert any(name.endswith("sezm_infer/_kernels/libsezm_kernels.so") for name in added)


def test_every_package_is_installed() -> None:
    listed = set(PACKAGES.findall((ROOT / "pyproject.toml").read_text()))
    for root in ("sezm_infer", "models/sezm_models", "export/sezm_export"):
        for file in (ROOT / root).rglob("__init__.py"):
            name = ".".join(file.parent.relative_to((ROOT / root).parent).parts)
            assert name in listed


def test_an_onnx_run_imports_no_torch(tmp_path: Path) -> None:
    imported = run(sys.executable, "-X", "importtime", "-c", readme_example(), cwd=tmp_path)
    assert "sezm_infer" in imported
    assert not re.search(r"\|\s+torch\b", imported)


def copy_of_the_source(folder: Path) -> Path:
    """pip leaves a build folder in the source tree, which later builds would take files from."""
    folder.mkdir()
    for name in ("pyproject.toml", "setup.py", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("sezm_infer", "models", "export"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("_kernels"))
    return folder


def wheel_of(source: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source, cwd=source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def readme_example() -> str:
    """The first Python block of the README."""
    block, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return block
