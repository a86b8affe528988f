"""Files of fixed size give the numbers of dynamic ones; all options of the outputs."""

from __future__ import annotations

import pytest
import torch
from agreement import assert_agree
from random_inputs import random_inputs
from sezm_export import EagerSession, export_model
from toy_model import ToyModel

from sezm_infer.metadata import StaticSizes
from sezm_infer.sessions import open_session


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_static_file_equals_eager(tmp_path, suffix):
    file = tmp_path / f"static{suffix}"
    metadata = export_model(ToyModel(torch.float64), file, static=(30, 900))
    assert metadata.static_sizes == StaticSizes(30, 900, 1)
    session = open_session(file, threads=1)
    eager = EagerSession.from_model(ToyModel(torch.float64))
    for sizes in ((1, 0), (3, 7), (24, 500), (30, 900)):
        inputs = random_inputs(*sizes)
        assert_agree(session.run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_atom_virial_is_an_output_on_request(tmp_path, suffix):
    file = tmp_path / f"virial{suffix}"
    model = ToyModel(torch.float64)
    metadata = export_model(model, file, atom_virial=True)
    assert [spec.name for spec in metadata.outputs][-1] == "atom_virial"
    inputs = random_inputs(24, 500, 2)
    eager = EagerSession.from_model(model, atom_virial=True)
    assert_agree(open_session(file, threads=1).run(inputs), eager.run(inputs), inputs)
