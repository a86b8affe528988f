"""Messages of eSCN layers are functions of ONNX files, unless they have to be derived."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from agreement import assert_agree
from escn_models import wide_content
from random_inputs import random_inputs
from sezm_export import EagerSession, export

from sezm_infer.sessions import open_session

SIZES = ((1, 0, 1), (2, 1, 1), (30, 400, 1), (24, 500, 3))  # N, E, B


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint"
    torch.save(wide_content(), path)
    return path


def functions(file: Path) -> list[str]:
    return [f.name for f in onnx.load(file).functions if f.name.startswith("Escn")]


def test_without_kernels_files_give_the_models_numbers(checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    export(checkpoint, file)
    assert functions(file) == ["EscnMessages_0_3_2", "EscnPoints", "EscnMessages_3_3_2"]
    session, eager = open_session(file), EagerSession(checkpoint)
    for seed, sizes in enumerate(SIZES):
        inputs = random_inputs(*sizes, seed=seed, sort=False)
        assert_agree(session.run(inputs), eager.run(inputs), inputs)


def test_layers_of_conservative_files_are_of_stock_operators(
    checkpoint: Path, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    export(checkpoint, file, forces="conservative")
    assert functions(file) == []
