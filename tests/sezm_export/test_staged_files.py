"""Staged files give the numbers of the eager model, in tiles of any size."""

from __future__ import annotations

import pytest
import torch
from agreement import assert_agree
from random_inputs import random_inputs
from recorded import model
from sezm_export import EagerSession, export_model
from toy_model import ToyModel

from sezm_infer.errors import SezmError
from sezm_infer.sessions import open_session
from sezm_infer.sessions.sniff import FileKind, embedded_metadata
from sezm_infer.sessions.staged import StagedSession

SIZES = ((1, 0, 1), (1, 3, 1), (2, 1, 1), (3, 7, 2), (24, 500, 5), (60, 1024, 1))
EDGES_PER_TILE = (None, 1, 7, 500, 1023, 1024, 1025)


@pytest.fixture(params=[".pt", ".onnx"])
def staged_file(request, exported):
    """The smallest recorded model; `test_exported_parity` has the others."""
    return exported.path("tiny", suffix=request.param, staged=True, atom_virial=True)


def different_tiles(edges):
    """Tile sizes without those that leave a system whole, as None does."""
    return [size for size in EDGES_PER_TILE if size is None or size <= edges + 1]


def test_equals_eager_at_all_sizes_and_tiles(staged_file):
    opened = open_session(staged_file, threads=1)
    eager = EagerSession.from_model(model("tiny", torch.float64), atom_virial=True)
    for seed, sizes in enumerate(SIZES):
        for sort in (True, False):
            inputs = random_inputs(*sizes, seed=seed, sort=sort)
            inputs["atomic_numbers"][:] = 1
            expected = eager.run(inputs)
            assert_agree(opened.run(inputs), expected, inputs)
            for edges_per_tile in different_tiles(sizes[1]):
                session = StagedSession(opened.programs, edges_per_tile)
                assert_agree(session.run(inputs), expected, inputs)


def test_masked_atoms_do_not_count(staged_file):
    inputs = random_inputs(24, 500)
    inputs["atomic_numbers"][:] = 1
    inputs["atom_mask"][5:] = 0.0
    eager = EagerSession.from_model(model("tiny", torch.float64), atom_virial=True)
    assert_agree(open_session(staged_file, threads=1).run(inputs), eager.run(inputs), inputs)


def test_a_staged_file_says_what_its_stages_hand_on(staged_file):
    kind = FileKind.ONNX if staged_file.suffix == ".onnx" else FileKind.TORCHSCRIPT
    stages = embedded_metadata(staged_file, kind).stages
    assert [(stage.carried, stage.sent) for stage in stages] == [(64, 64)]


def test_models_without_stages_are_refused(tmp_path):
    with pytest.raises(SezmError, match="toy model cannot be cut into stages"):
        export_model(ToyModel(torch.float64), tmp_path / "model.onnx", staged=True)
    assert list(tmp_path.iterdir()) == []


def test_stages_and_static_sizes_exclude_each_other(tmp_path):
    with pytest.raises(SezmError, match="either --static or --staged"):
        export_model(
            model("tiny", torch.float64), tmp_path / "model.onnx", staged=True, static=(10, 100)
        )
