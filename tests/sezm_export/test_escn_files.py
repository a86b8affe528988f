"""eSCN files of fairchem go through export, with forces labelled as direct."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import onnx
import pytest
import torch
from agreement import assert_agree
from ase.calculators.calculator import PropertyNotImplementedError
from escn_models import escn_content
from random_inputs import random_inputs
from sezm_export import EagerSession, export
from sezm_export.summarise import describe_checkpoint

from sezm_infer import SezmCalculator
from sezm_infer.errors import SezmError
from sezm_infer.sessions import open_session

SIZES = ((1, 0, 1), (2, 1, 1), (3, 7, 2), (24, 500, 3))  # N, E, B


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "any.name"
    torch.save(escn_content("l2m2", torch.float32), path)
    return path


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_files_equal_the_checkpoint_at_all_sizes(suffix: str, checkpoint: Path) -> None:
    file = checkpoint.with_suffix(suffix)
    metadata = export(checkpoint, file, dtype="float64")
    assert metadata.family == "escn" and metadata.forces_kind == "direct"
    assert [spec.name for spec in metadata.outputs] == ["energy", "forces", "atom_energy"]
    session, eager = open_session(file), EagerSession(checkpoint, dtype="float64")
    for seed, sizes in enumerate(SIZES):
        inputs = random_inputs(*sizes, dtype="float64", seed=seed, sort=False)
        assert_agree(session.run(inputs), eager.run(inputs), inputs)


def test_onnx_files_have_no_racing_sums(checkpoint: Path) -> None:
    """https://github.com/microsoft/onnxruntime/issues/18048"""
    file = checkpoint.with_suffix(".onnx")
    export(checkpoint, file)
    assert all(node.op_type != "ScatterND" for node in onnx.load(file).graph.node)
    atoms = ase.Atoms("OH2", [(0, 0, 0), (0.8, 0.5, 0), (-0.8, 0.5, 0.1)])
    atoms.calc = SezmCalculator(file)
    assert np.abs(atoms.get_forces()).max() > 0
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_a_checkpoint_describes_itself_and_refuses_choices_it_has_not(checkpoint: Path) -> None:
    metadata = describe_checkpoint(checkpoint)
    assert metadata.family == "escn" and metadata.max_neighbors == 300
    assert metadata.summary["parameters"] > 0
    with pytest.raises(SezmError, match="no heads to choose"):
        describe_checkpoint(checkpoint, head="water")


def test_other_files_are_told_what_is_supported(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "a.pt")
    with pytest.raises(SezmError, match=r"it holds 'weights'.*DPA4/SeZM.*eSCN"):
        describe_checkpoint(tmp_path / "a.pt")
