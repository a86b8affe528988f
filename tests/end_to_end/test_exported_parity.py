"""Exported files, run by their own runtimes, against the trainer's recorded numbers.

The files are written without their usual verification: here the recorded numbers are the judge.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import ase
import numpy as np
import pytest
import torch
from recorded import (
    FLOAT32_TOLERANCE,
    FLOAT64_TOLERANCE,
    Recorded,
    assert_agrees,
    model,
    recorded,
    systems_of,
)
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.simplify_graph import simplify
from sezm_export.trace import trace

from sezm_infer.evaluation import evaluate
from sezm_infer.sessions import Session, open_session

CONFIGURATIONS = ["tiny", "mini", "neo", "air", "defaults", "zbl", "bundled"]
TOLERANCES = {"float32": FLOAT32_TOLERANCE, "float64": FLOAT64_TOLERANCE}


@cache
def graph(configuration: str, dtype: str):
    return simplify(trace(model(configuration, getattr(torch, dtype))))


@pytest.fixture(params=[".pt", ".onnx"], ids=["torchscript", "onnx"])
def session(
    configuration: str, dtype: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Session:
    path = tmp_path / f"{configuration}{request.param}"
    metadata = describe(model(configuration, getattr(torch, dtype)), "0" * 64)
    file_format = format_of(path)
    file_format.save(file_format.lower(graph(configuration, dtype), metadata), metadata, path)
    return open_session(path, threads=1)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_every_file_equals_the_trainer(session: Session, configuration: str, dtype: str) -> None:
    for system in systems_of(configuration):
        expected = recorded(configuration, system, getattr(torch, dtype))
        (found,) = evaluate(session, [structure(expected)])
        assert_agrees(
            (found.atom_energies, found.forces, found.virial), expected, TOLERANCES[dtype]
        )


def structure(case: Recorded) -> ase.Atoms:
    return ase.Atoms(case.atomic_numbers, case.pos, cell=np.asarray(case.cell), pbc=case.pbc)
