"""Exported files, run by their own runtimes, against the trainer's recorded numbers.

The files are written without their usual verification: here the recorded numbers are the judge.
All configurations are exported in float64, and some in float32 as well: all of them where the page
of what is supported is made (``make docs``).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import ase
import numpy as np
import pytest
import torch
from deviation_log import findings_are_kept
from recorded import (
    CONFIGURATIONS,
    FLOAT32_TOLERANCE,
    FLOAT64_LOOSE,
    FLOAT64_TOLERANCE,
    OPTION_CONFIGURATIONS,
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
from torch import fx

from sezm_infer.evaluation import evaluate
from sezm_infer.sessions import Session, open_session

HEADS = ("multitask/water", "multitask/other")
IN_DOUBLE = (*CONFIGURATIONS, *HEADS, *OPTION_CONFIGURATIONS)
ALWAYS_IN_SINGLE = (
    *("tiny", "mini_v1_0", "neo", "zbl", "bundled", "multitask/water"),
    *OPTION_CONFIGURATIONS[::3],
)
IN_SINGLE = IN_DOUBLE if findings_are_kept() else ALWAYS_IN_SINGLE
CASES = [
    (configuration, dtype)
    for dtype, configurations in (("float64", IN_DOUBLE), ("float32", IN_SINGLE))
    for configuration in configurations
]


@lru_cache(maxsize=1)  # both formats are written one after the other
def graph(configuration: str, dtype: str) -> fx.GraphModule:
    return simplify(trace(model_of(configuration, dtype)))


def model_of(configuration: str, dtype: str):
    name, _, head = configuration.partition("/")
    return model(name, getattr(torch, dtype), head or None)


@pytest.fixture
def session(configuration: str, dtype: str, suffix: str, tmp_path: Path) -> Session:
    path = tmp_path / f"model{suffix}"
    metadata = describe(model_of(configuration, dtype), "0" * 64)
    file_format = format_of(path)
    file_format.save(file_format.lower(graph(configuration, dtype), metadata), metadata, path)
    return open_session(path, threads=1)


@pytest.mark.parametrize("suffix", [".pt", ".onnx"], ids=["torchscript", "onnx"])
@pytest.mark.parametrize(("configuration", "dtype"), CASES)
def test_every_file_equals_the_trainer(
    session: Session, configuration: str, dtype: str, suffix: str
) -> None:
    cases = recorded_cases(configuration, dtype)
    tolerance = FLOAT32_TOLERANCE
    if dtype == "float64":
        tolerance = FLOAT64_LOOSE.get(configuration, FLOAT64_TOLERANCE)
    results = evaluate(session, [structure(case) for case in cases])
    for case, found in zip(cases, results, strict=True):
        outputs = (found.atom_energies, found.forces, found.virial)
        assert_agrees(outputs, case, tolerance, format_of(Path(f"model{suffix}")).name)


def recorded_cases(configuration: str, dtype: str) -> list[Recorded]:
    """All systems; of a multitask configuration those of the head."""
    name, _, head = configuration.partition("/")
    systems = [system for system in systems_of(name) if not head or system.startswith(f"{head}/")]
    return [recorded(name, system, getattr(torch, dtype)) for system in systems]


def structure(case: Recorded) -> ase.Atoms:
    return ase.Atoms(case.atomic_numbers, case.pos, cell=np.asarray(case.cell), pbc=case.pbc)
