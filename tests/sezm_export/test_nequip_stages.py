"""Staged files of NequIP, one stage for each layer, give the numbers of the whole model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from exported_files import ExportedFiles
from nequip_cases import numbers, structure, write_case
from sezm_export import export_model
from sezm_export.load import load_model

from sezm_infer.errors import SezmError
from sezm_infer.evaluation import evaluate
from sezm_infer.sessions import open_session
from sezm_infer.sessions.staged import StagedSession


@pytest.mark.parametrize(
    ("case", "suffix"), [("small", ".onnx"), ("small", ".pt"), ("tiny", ".pt")]
)
def test_staged_files_equal_mlip_in_any_tiles(
    exported: ExportedFiles, case: str, suffix: str
) -> None:
    path = exported.path(f"nequip:{case}", suffix=suffix, staged=True)
    stored, opened = numbers(case), open_session(path, threads=1)
    assert len(opened.metadata.stages or ()) == opened.metadata.message_passing_steps - 1
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
