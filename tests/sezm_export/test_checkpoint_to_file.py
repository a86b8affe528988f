"""From a checkpoint in DeePMD-kit's layout to a file, its metadata, and its proof afresh."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from agreement import assert_agree
from random_checkpoint import write_checkpoint
from sezm_export import EagerSession, check, export
from sezm_export.summarise import describe_checkpoint
from sezm_export.verification_systems import verification_systems

from sezm_infer.errors import SezmError
from sezm_infer.metadata import Metadata
from sezm_infer.sessions import Options, choose, open_session


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "model.ckpt.pt"
    write_checkpoint("tiny", path)
    return path


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> tuple[Path, Metadata, list[str]]:
    """File, metadata that ``export`` returned, steps that it reported."""
    file = checkpoint.with_name("model.onnx")
    steps: list[str] = []
    metadata = export(checkpoint, file, dtype="float64", progress=steps.append)
    return file, metadata, steps


def test_metadata_travels_in_the_file(exported, checkpoint):
    file, metadata, _ = exported
    found = open_session(file).metadata
    assert found.to_json() == metadata.to_json()
    assert found.family == "sezm"
    assert found.dtype == "float64"
    assert found.checkpoint_sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert found.versions["torch"] == torch.__version__
    assert found.static_sizes is None


def test_metadata_tells_what_the_model_is_and_costs(exported, checkpoint):
    summary, described = exported[1].summary, describe_checkpoint(checkpoint).summary
    assert described["heads"] == []
    for entry in ("size", "version", "options", "parameters"):
        assert summary[entry] == described[entry]
    cost, cost32 = summary["cost_per_atom"], described["cost_per_atom"]
    assert cost["multiply_adds"] == cost32["multiply_adds"] > 0
    assert cost["memory_bytes"] > 1.5 * cost32["memory_bytes"]


def test_metadata_tells_what_was_proven(exported):
    _, metadata, steps = exported
    proof = metadata.verification
    assert "192 atoms" in proof["systems"]
    assert proof["threads"][0] == 1
    for name, deviation in proof["largest_deviations"].items():
        assert 0 <= deviation <= proof["tolerances"][name] == 1e-10
    assert steps[0] == "tracing the model"


def test_check_proves_it_afresh(exported, checkpoint):
    file, metadata, _ = exported
    report = check(file, checkpoint)
    assert report["systems"] == metadata.verification["systems"]


def test_check_refuses_another_checkpoint(exported, tmp_path):
    write_checkpoint("small_rcut", tmp_path / "other.pt")
    with pytest.raises(SezmError, match="was not made from"):
        check(exported[0], tmp_path / "other.pt")


def test_eager_session_opens_the_checkpoint(exported, checkpoint):
    file, metadata, _ = exported
    eager = open_session(checkpoint, dtype="float64", eager=True)
    assert isinstance(eager, EagerSession)
    session = open_session(file, threads=1)
    for system in verification_systems(metadata)[:7]:
        assert_agree(session.run(system.inputs), eager.run(system.inputs), system.inputs)


def test_a_file_in_another_precision_stands_for_its_checkpoint_only_if_asked(exported, checkpoint):
    file, metadata, _ = exported
    assert metadata.summary["asked_for"] == {"dtype": "float64"}
    assert choose(checkpoint, Options()).file.path == checkpoint
    assert choose(checkpoint, Options(dtype="float64")).file.path == file
