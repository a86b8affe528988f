"""What was measured decides which file is taken, on such a machine, while the files stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from model_folders import made_from, write_stand_in
from toy_files import write_toy_onnx

from sezm_infer import SezmError, SezmWarning
from sezm_infer.measured import RECORD_NAME, FileTime, Run, machine_name, save_run
from sezm_infer.sessions import Options, choose

TIMES = {"a.onnx": 3.0, "b.onnx": 1.0, "model.ckpt.pt": 2.0}

pytestmark = pytest.mark.usefixtures("with_torch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint and two files of it."""
    checkpoint = write_stand_in(tmp_path / "model.ckpt.pt")
    for name in ("a.onnx", "b.onnx"):
        write_toy_onnx(tmp_path / name, made_from(checkpoint))
    return tmp_path


def run_of(folder: Path, times: dict[str, float]) -> Run:
    files = {name: FileTime((folder / name).stat().st_size, time) for name, time in times.items()}
    return Run(machine_name(), "cpu", None, 192, files)


def chosen(model: Path, **options: int) -> str:
    return choose(model, Options(**options)).file.path.name


def test_the_fastest_file_is_taken(folder: Path) -> None:
    assert chosen(folder) == "a.onnx"
    save_run(folder, run_of(folder, TIMES))
    assert chosen(folder) == chosen(folder / "model.ckpt.pt") == "b.onnx"
    assert "sezm-bench.json" in choose(folder, Options()).reason
    assert chosen(folder / "a.onnx") == "a.onnx"
    save_run(folder, run_of(folder, TIMES | {"model.ckpt.pt": 0.5}))
    assert chosen(folder) == "model.ckpt.pt"


def test_a_checkpoint_that_was_not_measured_comes_last(folder: Path) -> None:
    save_run(folder, run_of(folder, {"a.onnx": 2.0, "b.onnx": 1.0}))
    assert chosen(folder) == "b.onnx"


def test_a_file_that_was_not_measured_leaves_the_question_open(folder: Path) -> None:
    save_run(folder, run_of(folder, {"b.onnx": 1.0}))
    assert chosen(folder) == "a.onnx"


def test_a_file_that_has_changed_leaves_the_question_open(folder: Path) -> None:
    save_run(folder, run_of(folder, TIMES))
    record = made_from(folder / "model.ckpt.pt", versions={"sezm-infer": "another"})
    write_toy_onnx(folder / "b.onnx", record)
    assert chosen(folder) == "a.onnx"


@pytest.mark.parametrize("other", [{"machine": "Abacus"}, {"threads": 2}, {"device": "cuda"}])
def test_other_machines_threads_and_devices_leave_it_open(folder: Path, other: dict) -> None:
    save_run(folder, replace(run_of(folder, TIMES), **other))
    assert chosen(folder) == "a.onnx"
    save_run(folder, run_of(folder, TIMES))
    assert chosen(folder) == "b.onnx"
    assert len(json.loads((folder / RECORD_NAME).read_text())["runs"]) == 2


def test_threads_are_those_of_the_measurement(folder: Path) -> None:
    save_run(folder, replace(run_of(folder, TIMES), threads=2))
    assert chosen(folder, threads=2) == "b.onnx"


def test_a_later_measurement_stands_in_place_of_an_earlier_one(folder: Path) -> None:
    save_run(folder, run_of(folder, TIMES))
    save_run(folder, run_of(folder, TIMES | {"a.onnx": 0.1}))
    assert chosen(folder) == "a.onnx"
    assert len(json.loads((folder / RECORD_NAME).read_text())["runs"]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format": "sezm-bench", "format_version": 2, "runs": []}',
        '{"format": "sezm-bench", "format_version": 1, "runs": [{"files": []}]}',
        '{"format": "sezm-bench", "format_version": 1, "runs": null}',
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_not_used(folder: Path, text: str) -> None:
    (folder / RECORD_NAME).write_text(text)
    with pytest.warns(SezmWarning, match=r"sezm-bench\.json: not used.*measure again, or remove"):
        assert chosen(folder) == "a.onnx"


def test_where_nothing_can_be_written_is_said(folder: Path) -> None:
    with pytest.raises(SezmError, match="does not exist"):
        save_run(folder / "no", run_of(folder, TIMES))


def test_a_machine_is_named_by_its_processors(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Abacus 9\n\nmodel name : Abacus 9\n")
    assert machine_name(info).startswith("Abacus 9, ")
    assert machine_name(tmp_path / "none").endswith(" processors")
