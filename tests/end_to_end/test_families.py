"""Models of every family go from their files to proven files, by the command line alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from escn_models import escn_content
from nequip_cases import write_case
from random_checkpoint import write_checkpoint

from sezm_infer import Metadata
from sezm_infer.cli import main
from sezm_infer.sessions import read_metadata

STATIC = "64,1500"
MOST_LINES_OF_INFO = 50

FILES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "sezm.zip": ("sezm", lambda path: write_checkpoint("tiny", path)),
    "escn.zip": ("escn", lambda path: torch.save(escn_content("l2m2", torch.float32), path)),
    "nequip.pt": ("nequip", lambda path: write_case("small", path)),
    "charged.dp": ("nequip", lambda path: write_case("coulomb", path)),
}
"""Names that say nothing of the content."""


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def record(model: Path) -> dict[str, Any]:
    return json.loads(run("info", model, "--json").stdout)


def write(name: str, folder: Path) -> Path:
    path = folder / name
    FILES[name][1](path)
    return path


@pytest.mark.parametrize("name", FILES)
def test_info_says_what_a_file_is_whatever_its_name(name: str, tmp_path: Path) -> None:
    checkpoint = write(name, tmp_path)
    found = record(checkpoint)
    assert (found["family"], found["kind"]) == (FILES[name][0], "checkpoint")
    assert found["summary"]["parameters"] > 0
    shown = run("info", checkpoint).stdout
    assert "message passing" in shown and len(shown.splitlines()) < MOST_LINES_OF_INFO
    _, _, metadata = read_metadata(checkpoint)
    assert Metadata.from_json(metadata.to_json(), "FILE") == metadata


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
@pytest.mark.parametrize("name", ["escn.zip", "charged.dp"])
def test_static_files_are_proven_at_export_and_by_check(
    name: str, suffix: str, tmp_path: Path
) -> None:
    checkpoint = write(name, tmp_path)
    file = checkpoint.with_name(f"static{suffix}")
    run("export", checkpoint, "-o", file, "--static", STATIC)
    run("check", file, "--against", checkpoint)
    before, after = record(checkpoint), record(file)
    assert after["static_sizes"] == {"atoms": 64, "edges": 1500, "systems": 1}
    same = ("family", "configuration", "elements", "forces_kind", "input_values", "max_neighbors")
    assert {key: before[key] for key in same} == {key: after[key] for key in same}
    assert file.stat().st_size < 1e6  # tables are stored once, not once for every edge


def test_a_file_knows_its_head_and_is_checked_against_no_other(tmp_path: Path) -> None:
    checkpoint = write_case("heads", tmp_path / "model.zip")
    run("export", checkpoint, "-o", tmp_path / "b.onnx", "--head", "b", "--static", STATIC)
    assert record(tmp_path / "b.onnx")["configuration"]["branch"] == "b"
    assert record(checkpoint)["summary"]["heads"] == ["a", "b"]
    run("check", tmp_path / "b.onnx", "--against", checkpoint)
    wrong = run("check", tmp_path / "b.onnx", "--against", checkpoint, "--head", "a", code=2)
    assert "made from the head 'b'" in wrong.output
