"""The command line: results on stdout, one-line errors on stderr with exit code 2."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from click.testing import CliRunner, Result
from toy_files import toy_reference, write_toy_onnx

from sezm_infer import SezmCalculator
from sezm_infer.cli import main
from sezm_infer.measured import RECORD_NAME

COMMANDS = ("export", "info", "check", "eval", "md", "bench", "models")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assert_refused(result: Result, *words: str) -> None:
    """Exit code 2, and one line on stderr that begins with "error:" and has the words."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.fixture
def water(tmp_path: Path, crystal: ase.Atoms) -> Path:
    """A file of two frames."""
    path = tmp_path / "in" / "frames.extxyz"
    path.parent.mkdir()
    ase.io.write(path, [crystal[:8], crystal])
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example:\n    sezm {command} " in result.stdout or "sezm models\n" in result.stdout


def test_commands_are_listed_in_the_order_of_use() -> None:
    lines = run().stdout.split("Commands:")[1].split()
    positions = [lines.index(command) for command in COMMANDS]
    assert positions == sorted(positions)


def test_the_module_is_the_command() -> None:
    output = subprocess.run(
        [sys.executable, "-m", "sezm_infer", "models", "--json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert isinstance(json.loads(output), list)


def test_info_names_what_a_user_needs(toy_file: Path) -> None:
    output = run("info", toy_file).stdout
    for text in ("toy", "H O", "4 Angstrom", "float64", "any"):
        assert text in output


def test_info_says_what_computes_the_functions_of_a_file(
    toy_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEZM_KERNELS", "off")
    assert "nothing in this file has any" in run("info", toy_onnx).stdout
    assert "none; stock operators for its" in run("info", "water_gfn1").stdout
    library = tmp_path / "kernels.so"
    library.touch()
    monkeypatch.setenv("SEZM_KERNELS", str(library))
    assert str(library) in run("info", "water_gfn1").stdout


def test_info_as_json_is_the_metadata(toy_file: Path) -> None:
    record = json.loads(run("info", toy_file, "--json").stdout)
    assert record["elements"] == ["H", "O"]
    assert record["file"] == str(toy_file)


def test_eval_writes_energy_forces_and_stress_of_all_frames(
    toy_onnx: Path, water: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.extxyz"
    result = run("eval", toy_onnx, water, "-o", output)
    assert result.exit_code == 0, result.stderr
    frames = ase.io.read(output, ":")
    assert len(frames) == 2
    for frame in frames:
        energy, forces, virial = toy_reference(frame)
        assert frame.get_potential_energy() == pytest.approx(energy, rel=1e-6)
        np.testing.assert_allclose(frame.get_forces(), forces, atol=1e-7, rtol=0)
        stress = -virial / frame.get_volume()
        np.testing.assert_allclose(frame.get_stress(voigt=False), stress, atol=1e-7, rtol=0)


def test_eval_as_json_holds_full_precision(toy_onnx: Path, water: Path) -> None:
    results = json.loads(run("eval", toy_onnx, water, "--json").stdout)
    for atoms, found in zip(ase.io.read(water, ":"), results, strict=True):
        assert found["energy"] == pytest.approx(toy_reference(atoms)[0], rel=1e-13)
        assert np.shape(found["forces"]) == (len(atoms), 3)
        assert np.shape(found["stress"]) == (6,)


def test_eval_of_a_molecule_has_no_stress(toy_onnx: Path, tmp_path: Path) -> None:
    path = tmp_path / "molecule.xyz"
    ase.io.write(path, ase.Atoms("OH", positions=[[0, 0, 0], [1, 0, 0]]))
    (found,) = json.loads(run("eval", toy_onnx, path, "--json").stdout)
    assert "stress" not in found
    assert run("eval", toy_onnx, path).exit_code == 0


@pytest.mark.parametrize("ensemble", ["nve", "nvt"])
def test_md_writes_a_trajectory_to_go_on_from(
    toy_onnx: Path, water: Path, tmp_path: Path, ensemble: str
) -> None:
    first, second = tmp_path / "first.extxyz", tmp_path / "second.traj"
    options = ("--ensemble", ensemble, "--steps", 25)
    result = run("md", toy_onnx, water, *options, "--temperature", 200, "-o", first)
    assert result.exit_code == 0, result.stderr
    frames = ase.io.read(first, ":")
    assert [frame.info["step"] for frame in frames] == [0, 10, 20, 25]
    assert frames[0].get_temperature() == pytest.approx(200, rel=1e-6)
    rows = list(csv.DictReader((tmp_path / "first.csv").open()))
    assert [int(row["step"]) for row in rows] == [0, 10, 20, 25]

    result = run("md", toy_onnx, first, *options, "-o", second, "--log", tmp_path / "log.csv")
    assert result.exit_code == 0, result.stderr
    start = ase.io.read(second, 0)
    assert start.get_temperature() == pytest.approx(frames[-1].get_temperature(), rel=1e-6)


def test_md_stops_cleanly_on_ctrl_c(toy_onnx: Path, water: Path, tmp_path: Path) -> None:
    trajectory, log = tmp_path / "run.extxyz", tmp_path / "run.csv"
    command = ("md", toy_onnx, water, "--steps", 10**8, "-o", trajectory, "--threads", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "sezm_infer", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not log.exists() or len(log.read_text().splitlines()) < 3:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert process.returncode == 0
    assert "stopped after step" in stderr
    assert "Traceback" not in stderr
    assert f"wrote {trajectory}" in stdout
    rows = list(csv.DictReader(log.open()))
    frames = ase.io.read(trajectory, ":")
    assert len(frames) == len(rows)
    assert frames[-1].info["step"] == int(rows[-1]["step"])


def test_bench_compares_the_files_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sezm_infer.bench.turns.MIN_SECONDS", 0.0)
    monkeypatch.setenv("SEZM_KERNELS", "off")
    for name in ("one.onnx", "two.onnx"):
        write_toy_onnx(tmp_path / name)
    files = [str(tmp_path / name) for name in ("one.onnx", "two.onnx")]
    options = ("--sizes", "24,3", "--threads", 1, "--timestep", 2)
    records = json.loads(run("bench", tmp_path, *options, "--json").stdout)
    sizes_and_files = [(record["atoms"], record["file"]) for record in records]
    assert sizes_and_files == [(size, file) for size in (3, 24) for file in files]
    for record in records:
        assert record["ns_per_day"] == pytest.approx(2 * 86.4 / record["ms_per_step"])
    shown = run("bench", *files, *options)
    assert not (tmp_path / RECORD_NAME).exists()
    header, *rows, advice = shown.stdout.splitlines()
    assert {"backend", "threads", "ms/step", "us/atom", "ns/day", "peak", "file"} <= {
        *header.split()
    }
    assert [row.split()[-1] for row in rows] == ["one.onnx", "two.onnx"] * 2
    assert "fastest here" in advice and "make kernels" in advice


def test_bench_saves_what_decides_on_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sezm_infer.bench.turns.MIN_SECONDS", 0.0)
    for name in ("one.onnx", "two.onnx"):
        write_toy_onnx(tmp_path / name)
    result = run("bench", tmp_path, "--sizes", "3", "--threads", 1, "--save")
    assert result.stderr.splitlines()[-1] == f"wrote {tmp_path / RECORD_NAME}"
    (saved,) = json.loads((tmp_path / RECORD_NAME).read_text())["runs"]
    assert (saved["threads"], saved["atoms"]) == (1, 3)
    times = {name: file["us_per_atom_step"] for name, file in saved["files"].items()}
    fastest = min(times, key=lambda name: times[name])
    assert SezmCalculator(tmp_path, threads=1).file == tmp_path / fastest


REFUSALS = {
    "unknown element": ("eval {model} {carbon} -o {out}", "knows H, O"),
    "NaN position": ("eval {model} {nan} -o {out}", "atom 2"),
    "flat cell": ("eval {model} {flat} -o {out}", "no volume"),
    "coinciding atoms": ("eval {model} {same} -o {out}", "same place"),
    "md of an unknown element": ("md {model} {carbon} -o {out}", "knows H, O"),
    "md of NaN": ("md {model} {nan} -o {out}", "atom 2"),
    "missing model": ("eval no.onnx {good} -o {out}", "no such file"),
    "missing structure": ("md {model} no.xyz -o {out}", "no such file"),
    "text as model": ("info {text}", "looks like text"),
    "structure as model": ("eval {text} {good} -o {out}", "looks like text"),
    "model as structure": ("eval {model} {model} -o {out}", "cannot read it"),
    "truncated model": ("eval {cut} {good} -o {out}", "truncated"),
    "missing folder": ("eval {model} {good} -o {folder}/no/x.extxyz", "create it first"),
    "missing folder for md": ("md {model} {good} -o {folder}/no/x.traj", "create it first"),
    "missing folder for export": ("export {text} -o {folder}/no/x.pt", "create it first"),
    "unknown format": ("eval {model} {good} -o {folder}/x.nothing", ".extxyz"),
    "dtype of a file": ("eval {model} {good} --dtype float32", "since its export"),
    "head of a file": ("eval {model} {good} --head a", "holds one head"),
    "unknown device": ("eval {model} {good} --device gpu", "unknown"),
    "negative steps": ("md {model} {good} --steps -1 -o {out}", "steps is -1"),
    "zero timestep": ("md {model} {good} --timestep 0 -o {out}", "timestep is"),
    "text as number": ("md {model} {good} --steps many -o {out}", "--steps"),
    "own input": ("md {model} {good} -o {good}", "would overwrite"),
    "record of several folders": ("bench {model} {twin} --save", "lie in several folders"),
    "bad sizes": ("bench {model} --sizes 24,x", "whole numbers"),
    "bad static sizes": ("export {text} -o {out} --static 192", "192,20000"),
    "unknown option": ("info {model} --colour", "--colour"),
    "unknown command": ("frobnicate", "frobnicate"),
    "missing argument": ("eval {model}", "FILE"),
}


@pytest.fixture
def inputs(toy_onnx: Path, crystal: ase.Atoms, tmp_path: Path) -> dict[str, Path]:
    """Good and bad files by the names that REFUSALS has for them."""
    files = {name: tmp_path / f"{name}.traj" for name in ("good", "carbon", "nan", "flat", "same")}
    atoms = {name: crystal[:8] for name in files}
    atoms["carbon"].numbers[0] = 6
    atoms["nan"].positions[2, 0] = np.nan
    atoms["flat"].cell[2] = 0.0
    atoms["same"].positions[1] = atoms["same"].positions[0]
    for name, path in files.items():
        ase.io.write(path, atoms[name])
    text, cut = tmp_path / "text.onnx", tmp_path / "cut.onnx"
    text.write_text("hello")
    cut.write_bytes(toy_onnx.read_bytes()[:2000])
    twin = tmp_path / "twin.onnx"
    twin.write_bytes(toy_onnx.read_bytes())
    names = {"model": toy_onnx, "text": text, "cut": cut, "twin": twin}
    return files | names | {"folder": tmp_path, "out": tmp_path / "out.extxyz"}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_one_line_and_leaves_nothing(name: str, inputs: dict[str, Path]) -> None:
    def contents() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in inputs["folder"].rglob("*") if path.is_file()}

    command, message = REFUSALS[name]
    before = contents()
    assert_refused(run(*command.format(**inputs).split()), message)
    assert contents() == before


def test_an_interrupt_outside_md_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt  # as of the signal, which jobs in the background do not get

    module = sys.modules["sezm_infer.cli.models"]  # the command of that name hides it
    monkeypatch.setattr(module, "bundled_models", interrupt)
    result = run("models")
    assert result.exit_code == 130
    assert result.stderr.strip() == "interrupted"
