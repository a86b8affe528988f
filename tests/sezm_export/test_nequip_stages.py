"""Staged files of NequIP, one stage for each layer, give the numbers of the whole model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nequip_cases import numbers, structure, write_case
from sezm_export import export_model
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.load import load_model
from sezm_export.stage_functions import StageFunctions
from sezm_export.trace_stages import trace_stages

from sezm_infer.errors import SezmError
from sezm_infer.evaluation import evaluate
from sezm_infer.sessions import open_session
from sezm_infer.sessions.staged import StagedSession


@pytest.mark.parametrize(
    ("case", "suffix"), [("small", ".onnx"), ("small", ".pt"), ("tiny", ".pt")]
)
def test_staged_files_equal_mlip_in_any_tiles(case: str, suffix: str, tmp_path: Path) -> None:
    model = load_model(write_case(case, tmp_path / "model.zip"), "float64")
    functions = StageFunctions(model)
    metadata = describe(model, "0" * 64, stages=functions.widths)
    assert len(metadata.stages or ()) == model.message_passing_steps - 1
    path = tmp_path / f"model{suffix}"
    file_format = format_of(path)
    file_format.save(file_format.lower_staged(trace_stages(functions), metadata), metadata, path)
    stored, opened = numbers(case), open_session(path, threads=1)
    for edges_per_tile in (None, 40):
        session = StagedSession(opened.programs, edges_per_tile)
        for found in evaluate(session, [structure(case)] * 2):
            np.testing.assert_allclose(found.energy, stored["energy_0"][0], rtol=1e-11)
            wanted = stored["forces_0"]
            np.testing.assert_allclose(
                found.forces, wanted, atol=1e-10 * np.abs(wanted).max(), rtol=0
            )


def test_models_whose_charges_add_up_have_no_stages(tmp_path: Path) -> None:
    model = load_model(write_case("coulomb", tmp_path / "model.zip"), "float64")
    with pytest.raises(SezmError, match=r"cannot be cut into stages \(every atom counts"):
        export_model(model, tmp_path / "model.onnx", staged=True)
