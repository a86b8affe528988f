"""Exported files of recorded configurations, run by their own runtimes on the recorded systems.

The files are written without their usual verification: the recorded numbers are the judge. A branch
of a multitask configuration is named "CONFIGURATION/BRANCH".
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import ase
import numpy as np
import torch
from recorded import (
    FLOAT32_TOLERANCE,
    FLOAT64_LOOSE,
    FLOAT64_TOLERANCE,
    Recorded,
    assert_agrees,
    model,
    recorded,
    systems_of,
)
from sezm_export.describe import describe
from sezm_export.formats import Format, format_of
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import SampleSizes
from sezm_export.stage_functions import StageFunctions
from sezm_export.trace import trace
from sezm_export.trace_stages import trace_stages
from torch import fx

from sezm_infer.evaluation import evaluate
from sezm_infer.metadata import Metadata, StaticSizes
from sezm_infer.sessions import open_session


def branches_of(configuration: str) -> list[str]:
    """The branches of a multitask configuration; of another one its name alone."""
    prefixes = {system.rpartition("/")[0] for system in systems_of(configuration)}
    return [f"{configuration}/{prefix}".rstrip("/") for prefix in sorted(prefixes)]


def assert_file_equals_the_trainer(
    branch: str, dtype: str, path: Path, static: StaticSizes | None = None, *, staged: bool = False
) -> None:
    """Write a file and evaluate the recorded systems, several per call; of a static file those that
    fit."""
    file_format = format_of(path)
    lowered, metadata = _lowered(branch, dtype, file_format, static, staged)
    file_format.save(lowered, metadata, path)
    cases = _cases(branch, dtype)
    if static is not None:
        cases = [case for case in cases if len(case.pos) <= static.atoms]
    tolerance = FLOAT32_TOLERANCE
    if dtype == "float64":
        tolerance = FLOAT64_LOOSE.get(branch, FLOAT64_TOLERANCE)
    results = evaluate(open_session(path, threads=1), [_structure(case) for case in cases])
    for case, found in zip(cases, results, strict=True):
        outputs = (found.atom_energies, found.forces, found.virial, found.magnetic_forces)
        assert_agrees(outputs, case, tolerance, file_format.name)
        np.testing.assert_allclose(found.energy, found.atom_energies.sum(), rtol=1e-12, atol=1e-12)


def _lowered(
    branch: str, dtype: str, file_format: Format, static: StaticSizes | None, staged: bool
) -> tuple[Any, Metadata]:
    of = _model(branch, dtype)
    if staged:
        functions = StageFunctions(of)
        metadata = describe(of, "0" * 64, stages=functions.widths)
        assert file_format.lower_staged is not None
        graphs = trace_stages(functions, whole=file_format.has_functions)
        return file_format.lower_staged(graphs, metadata), metadata
    metadata = describe(of, "0" * 64, static=static)
    whole = file_format.has_functions and _has_edge_stages(of)
    return file_format.lower(_graph(branch, dtype, static, whole), metadata), metadata


def _has_edge_stages(of: torch.nn.Module) -> bool:
    """Whether it makes a difference that operators are kept whole."""
    return any(getattr(part, "edge_stage", None) is not None for part in of.modules())


def _model(branch: str, dtype: str):
    name, _, head = branch.partition("/")
    return model(name, getattr(torch, dtype), head or None)


@lru_cache(maxsize=1)  # all formats are written one after the other
def _graph(branch: str, dtype: str, static: StaticSizes | None, whole: bool) -> fx.GraphModule:
    sizes = None
    if static is not None:
        sizes = SampleSizes(static.atoms, static.edges, static.systems, symbolic=False)
    return simplify_graph(trace(_model(branch, dtype), static=sizes, whole=whole))


def _cases(branch: str, dtype: str) -> list[Recorded]:
    """All systems; of a multitask configuration those of the branch."""
    name, _, head = branch.partition("/")
    systems = [system for system in systems_of(name) if not head or system.startswith(f"{head}/")]
    return [recorded(name, system, getattr(torch, dtype)) for system in systems]


def _structure(case: Recorded) -> ase.Atoms:
    """As users give it, with what was recorded of the extra inputs."""
    atoms = ase.Atoms(case.atomic_numbers, case.pos, cell=case.cell, pbc=case.pbc)
    given = case.conditioning
    if "charge_spin" in given:
        atoms.info["charge"], atoms.info["spin"] = given["charge_spin"][0].tolist()
    if "fparam" in given:
        atoms.info["fparam"] = given["fparam"][0]
    for name in ("aparam", "spins"):
        if name in given:
            atoms.set_array(name, given[name])
    return atoms
