"""A compiled file gives the eager model's numbers; a file for other machines lies beside it."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch
from agreement import assert_agree
from random_inputs import random_inputs
from sezm_export import EagerSession, export_model
from toy_model import ToyModel

from sezm_infer import SezmError
from sezm_infer.sessions import open_session
from sezm_infer.sessions.aotinductor import AotInductorSession
from sezm_infer.sessions.onnx import OnnxSession

SIZES = ((1, 0, 1), (1, 3, 1), (3, 0, 2), (3, 7, 2), (24, 501, 5), (192, 9000, 1))  # N, E, B


def test_a_portable_file_lies_beside_a_compiled_one(compiled_toy):
    assert {file.name for file in compiled_toy.parent.iterdir()} == {"model.pt2", "model.onnx"}
    with zipfile.ZipFile(compiled_toy) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".cpp")]
    metadata = open_session(compiled_toy).metadata
    assert metadata.compiled_for.portable_file == "model.onnx"
    assert metadata.verification["largest_deviations"]
    assert isinstance(open_session(compiled_toy.with_name("model.onnx")), OnnxSession)


def test_compiled_files_equal_eager(compiled_toy):
    eager = EagerSession.from_model(ToyModel(torch.float64))
    for threads in (1, 2):
        session = open_session(compiled_toy, threads=threads)
        assert isinstance(session, AotInductorSession)
        for seed, sizes in enumerate(SIZES):
            for sort in (True, False):
                inputs = random_inputs(*sizes, seed=seed, sort=sort)
                assert_agree(session.run(inputs), eager.run(inputs), inputs)

    inputs = random_inputs(24, 500)
    inputs["edge_vec"] = np.asfortranarray(inputs["edge_vec"])  # not as the code reads it
    assert_agree(session.run(inputs), eager.run(inputs), inputs)
    inputs["atomic_numbers"][3] = 2  # unknown to the model
    assert np.isnan(session.run(inputs)["energy"]).all()


def test_files_of_other_models_are_not_overwritten(tmp_path):
    """The portable file of a compiled one has its name, but so may another model's file."""
    export_model(ToyModel(torch.float32), tmp_path / "model.onnx")
    before = (tmp_path / "model.onnx").read_bytes()
    with pytest.raises(SezmError, match=r"model\.onnx: .*another model, precision or head"):
        export_model(ToyModel(torch.float64), tmp_path / "model.pt2")
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == before


def test_a_missing_compiler_is_found_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SezmError, match=r"needs a C\+\+ compiler.*no-such-compiler.*\.onnx"):
        export_model(ToyModel(torch.float64), tmp_path / "model.pt2")
    assert list(tmp_path.iterdir()) == []
