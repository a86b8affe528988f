"""Timing reports plausible numbers (never compared with a clock here)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from model_folders import made_from, write_exported, write_stand_in
from toy_files import static, write_toy_onnx
from toy_packages import HERE, write_package

from sezm_infer import SezmError, bench
from sezm_infer.bench import turns
from sezm_infer.bench.worker import peak_mb
from sezm_infer.sessions import Options

ONE_THREAD = Options(threads=1)

pytestmark = pytest.mark.usefixtures("with_torch")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MIN_SECONDS", 0.0)


def measured(
    *models: Path, sizes: tuple[int, ...] = (24,)
) -> tuple[list[bench.Measurement], list[str]]:
    """Measurements, and reasons why files were left out."""
    entered = bench.entries([str(model) for model in models], ONE_THREAD)
    left_out: list[str] = []
    found = bench.measure(entered, sizes, lambda step: None, left_out.append)
    return found, left_out


def test_a_measurement_is_consistent(toy_onnx: Path) -> None:
    (small, found), left_out = measured(toy_onnx, sizes=(3, 24))
    assert (small.atoms, found.atoms) == (3, 24)
    assert (found.path, found.backend, found.dtype) == (toy_onnx, "ONNX", "float64")
    assert found.threads == 1
    assert found.edges > 0
    assert found.steps == turns.MIN_STEPS
    assert 0 < found.ms_in_model < found.ms_per_step
    assert found.us_per_atom_step == pytest.approx(found.ms_per_step / 24e-3)
    assert found.peak_mb >= small.peak_mb > 10
    assert not left_out


def test_files_take_part_as_they_are_named(toy_onnx: Path, tmp_path: Path) -> None:
    fixed = write_toy_onnx(tmp_path / "fixed.onnx", static(30, 4000))
    found, _ = measured(fixed, toy_onnx)
    assert [one.path for one in found] == [fixed, toy_onnx]
    assert [one.backend for one in found] == ["ONNX static", "ONNX"]
    assert found[0].edges == found[1].edges


def test_a_file_that_cannot_go_on_is_left_out_and_named(toy_onnx: Path, tmp_path: Path) -> None:
    fixed = write_toy_onnx(tmp_path / "fixed.onnx", static(4, 400))
    found, (reason,) = measured(fixed, toy_onnx, sizes=(3, 24))
    assert [(one.atoms, one.path) for one in found] == [(3, fixed), (3, toy_onnx), (24, toy_onnx)]
    assert str(fixed) in reason and "24 atoms" in reason


def test_the_reason_is_raised_where_nothing_can_be_measured(tmp_path: Path) -> None:
    checkpoint = write_stand_in(tmp_path / "model.ckpt.pt")
    with pytest.raises(SezmError, match=r"model\.ckpt\.pt"):
        measured(checkpoint)


def test_a_checkpoint_stands_for_all_files_that_could_be_run_in_its_place(tmp_path: Path) -> None:
    checkpoint = write_stand_in(tmp_path / "model.ckpt.pt")
    onnx = write_exported(tmp_path / "model.onnx", made_from(checkpoint))
    for model in (checkpoint, tmp_path):
        entered = bench.entries([str(model)], Options(head=None, dtype="float64"))
        assert [entry.file.path for entry in entered] == [onnx, checkpoint]
        assert [entry.backend for entry in entered] == ["ONNX", "checkpoint"]
        assert [entry.options.eager for entry in entered] == [False, True]
        assert [entry.options.dtype for entry in entered] == [None, "float64"]
    (alone,) = bench.entries([str(checkpoint)], Options(eager=True))
    assert alone.file.path == checkpoint


def test_files_of_different_models_are_not_compared(toy_onnx: Path, tmp_path: Path) -> None:
    checkpoint = write_stand_in(tmp_path / "model.ckpt.pt")
    onnx = write_exported(tmp_path / "model.onnx", made_from(checkpoint))
    pair = bench.entries([str(checkpoint), str(onnx)], Options())
    assert [entry.file.path for entry in pair] == [checkpoint, onnx]
    with pytest.raises(SezmError, match=r"made from different checkpoints; give files of one"):
        bench.entries([str(toy_onnx), str(onnx)], Options())
    with pytest.raises(SezmError, match="a folder among several models"):
        bench.entries([str(tmp_path), str(onnx)], Options())


MEASURED = turns.Measurement(
    path=Path("m/model.onnx"),
    backend="ONNX",
    dtype="float32",
    threads=None,
    atoms=192,
    edges=9000,
    steps=9,
    ms_per_step=19.2,
    ms_in_model=18.0,
    us_per_atom_step=100.0,
    peak_mb=99.0,
)
SLOWER = replace(MEASURED, path=Path("m/model.pt"), us_per_atom_step=180.0)
SMALLER = replace(SLOWER, atoms=24, us_per_atom_step=10.0)


def entered(tmp_path: Path, *names: str, **options: str) -> list[bench.Entry]:
    """A checkpoint with some exported files beside it, as entries."""
    checkpoint = write_stand_in(tmp_path / "model.ckpt.pt")
    for name in names:
        write_exported(tmp_path / name, made_from(checkpoint))
    return bench.entries([str(checkpoint)], Options(**options))


def test_advice_names_the_fastest_at_the_largest_size(tmp_path: Path) -> None:
    line = bench.advice([SMALLER, SLOWER, MEASURED], entered(tmp_path, "model.onnx"))
    assert line.startswith(
        "model.onnx is the fastest here: at 192 atoms 1.8 times as fast as model.pt. "
    )
    assert "\n" not in line
    equal = replace(SLOWER, us_per_atom_step=101.0)
    line = bench.advice([equal, MEASURED], entered(tmp_path))
    assert line.startswith("model.onnx and model.pt are the fastest here, at 192 atoms equally so.")


def test_advice_names_what_was_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEZM_KERNELS", "off")
    checkpoint = tmp_path / "model.ckpt.pt"
    assert bench.advice([MEASURED], entered(tmp_path, dtype="float64")) == (
        f"No ONNX file took part: try 'sezm export {checkpoint} -o {tmp_path / 'model.onnx'} "
        "--dtype float64'."
    )
    assert "make kernels" in bench.advice([MEASURED], entered(tmp_path, "model.onnx"))
    (file, _) = entered(tmp_path, "model.onnx")
    assert (
        bench.advice([MEASURED], [file])
        == f"To compare: 'sezm bench {tmp_path}', or several files."
    )


def test_compiled_files_take_part_only_where_they_are_named(tmp_path: Path) -> None:
    checkpoint = write_stand_in(tmp_path / "model.ckpt.pt")
    write_package(tmp_path / "model.pt2", HERE, made_from(checkpoint))
    (entry,) = bench.entries([str(tmp_path)], Options())
    assert entry.file.path == checkpoint


def test_memory_is_that_of_this_program_alone(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmHWM:\t  20480 kB\nVmRSS:\t 1 kB\n")
    assert peak_mb(status) == 20
    assert peak_mb(tmp_path / "none") > 10
