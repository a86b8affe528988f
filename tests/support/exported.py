"""Exported files (``exported_files``), run by their own runtimes on the recorded systems."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import torch
from recorded import (
    FLOAT32_TOLERANCE,
    FLOAT64_LOOSE,
    FLOAT64_TOLERANCE,
    Recorded,
    assert_agrees,
    recorded,
    systems_of,
)
from sezm_export.formats import format_of

from sezm_infer.evaluation import evaluate
from sezm_infer.metadata import StaticSizes
from sezm_infer.sessions import open_session


def branches_of(configuration: str) -> list[str]:
    """The branches of a multitask configuration; of another one its name alone."""
    prefixes = {system.rpartition("/")[0] for system in systems_of(configuration)}
    return [f"{configuration}/{prefix}".rstrip("/") for prefix in sorted(prefixes)]


def assert_file_equals_the_trainer(
    path: Path, branch: str, dtype: str, static: StaticSizes | None = None
) -> None:
    """Evaluate the recorded systems, several per call; with a static file those that fit."""
    cases = _cases(branch, dtype)
    if static is not None:
        cases = [case for case in cases if len(case.pos) <= static.atoms]
    tolerance = FLOAT32_TOLERANCE
    if dtype == "float64":
        tolerance = FLOAT64_LOOSE.get(branch, FLOAT64_TOLERANCE)
    results = evaluate(open_session(path, threads=1), [_structure(case) for case in cases])
    for case, found in zip(cases, results, strict=True):
        outputs = (found.atom_energies, found.forces, found.virial, found.magnetic_forces)
        assert_agrees(outputs, case, tolerance, format_of(path).name)
        np.testing.assert_allclose(found.energy, found.atom_energies.sum(), rtol=1e-12, atol=1e-12)


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
