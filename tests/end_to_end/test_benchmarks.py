"""The comparison of backends: contestants take turns, and agree on what they compute."""

from __future__ import annotations

import sys
from pathlib import Path

import ase.io
import pytest

from benchmarks.contestants import Contestant, contestants
from benchmarks.race import race
from benchmarks.report import table
from sezm_infer.boxes import box_for
from sezm_infer.zoo import bundled_models

MODEL = bundled_models()["water_gfn1"]


@pytest.fixture
def structure(tmp_path: Path) -> Path:
    path = tmp_path / "box.extxyz"
    ase.io.write(path, box_for("OH", 24))
    return path


def test_contestants_take_turns_and_agree(structure: Path) -> None:
    python = Path(sys.executable)
    entered = [Contestant(name, "sezm", MODEL, python) for name in ("one", "other")]
    entered.append(Contestant("broken", "sezm", structure, python))
    results, yardstick = race(entered, structure, threads=1, steps=2)
    assert [result.name for result in results] == ["one", "other"]  # the broken one is left out
    assert all(len(result.steps) == 2 for result in (*results, yardstick))
    rows = table(results, yardstick, flops=1e9).splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == ["one", "other"]
    assert rows[1].split("|")[-2].strip() == "0e+00"


def test_files_of_other_formats_may_take_part(tmp_path: Path) -> None:
    (found,) = contestants(tmp_path, [], [MODEL], deepmd_python=None)
    assert found.file == MODEL
    assert found.kind == "sezm"
