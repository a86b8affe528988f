"""The proof of a file: its own runtime against the eager model, on many systems."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sezm_infer.contract import ATOM_VIRIAL
from sezm_infer.errors import SezmError
from sezm_infer.kernels import kernel_library
from sezm_infer.metadata import Metadata
from sezm_infer.sessions import Session, open_session
from sezm_infer.sessions.onnx import OnnxSession
from sezm_infer.sessions.open import of_any_system
from sezm_infer.sessions.sniff import FileKind, sniff

from .deviations import TOLERANCES, deviations, scales, typical
from .eager import EagerSession
from .flat_function import EnergyModel
from .rounding import RoundingProbe
from .verification_systems import VerificationSystem, verification_systems

Progress = Callable[[str], None]

STRESS_REPEATS = 5
"""Evaluations of each large system with all threads: lost updates of a racing sum showed in
1 of 5 runs at worst (https://github.com/microsoft/onnxruntime/issues/18048), and there are two
such systems."""

STRESS_SECONDS = 5.0
"""No more repeats of one system after this time; slow models have the most updates to lose."""


@dataclass(frozen=True)
class _Expected:
    """What the eager model gives for a system, and what deviations from it are measured by."""

    system: VerificationSystem
    outputs: dict[str, np.ndarray]
    scales: dict[str, np.ndarray]
    allowed: dict[str, float]


@dataclass
class _Findings:
    """Largest deviation of each output, and where it was found."""

    largest: dict[str, float]
    where: dict[str, str]


def verify(
    path: Path, model: EnergyModel, metadata: Metadata, progress: Progress | None = None
) -> dict[str, Any]:
    """Compare a file with the model it was exported from.

    Args:
        path: of the file; opened afresh for each number of threads, and without kernels, if there
            are any.
        model: in the dtype of the file.
        metadata: of the file.
        progress: called with a sentence at each step.

    Returns:
        for the metadata: names of the systems, numbers of threads, tolerance and largest deviation
        of each output.

    Raises:
        SezmError: a deviation beyond tolerance; names system, output, size and limit.
    """
    report = progress or (lambda step: None)
    systems = verification_systems(metadata)
    findings = _Findings({}, {})
    with _threads_restored():
        torch.set_num_threads(1)
        expected = _expected(model, metadata, systems, report)
        counts = sorted({1, _all_threads()})
        for threads in counts:
            report(f"comparing with the checkpoint, {threads} thread{'s' * (threads > 1)}")
            session = open_session(path, threads=threads)
            for item in expected:
                if threads == 1 or item.system.parallel:
                    _compare(session, item, threads, findings)
        if sniff(path) is FileKind.ONNX and kernel_library() is not None:
            report("comparing with the checkpoint, without kernels")
            session = of_any_system(OnnxSession(path, threads=1, kernels=False))
            for item in expected:
                _compare(session, item, 1, findings)
    return {
        "systems": [system.name for system in systems],
        "threads": counts,
        "tolerances": {name: TOLERANCES[metadata.dtype][name] for name in findings.largest},
        "largest_deviations": findings.largest,
        "found_in": findings.where,
    }


def _expected(
    model: EnergyModel, metadata: Metadata, systems: list[VerificationSystem], report: Progress
) -> list[_Expected]:
    atom_virial = any(spec.name == ATOM_VIRIAL.name for spec in metadata.outputs)
    eager = EagerSession.from_model(model, atom_virial=atom_virial)
    results = []
    for system in systems:
        report(f"evaluating the checkpoint: {system.name}")
        results.append(eager.run(system.inputs))
    usual = typical(results)
    tolerances = TOLERANCES[metadata.dtype]
    # In float64 rounding is far below the tolerance; large systems average it out, and take long.
    probe = RoundingProbe(model, atom_virial=atom_virial) if model.dtype == torch.float32 else None
    expected = []
    for system, outputs in zip(systems, results, strict=True):
        by_scale = scales(outputs, system.inputs, usual)
        allowed = tolerances
        if probe is not None and not system.stress:
            allowed = probe.allowances(system.inputs, outputs, by_scale, tolerances)
        expected.append(_Expected(system, outputs, by_scale, allowed))
    return expected


def _compare(session: Session, expected: _Expected, threads: int, findings: _Findings) -> None:
    system = expected.system
    repeats = STRESS_REPEATS if system.stress and threads > 1 else 1
    where = f"{system.name}, {threads} thread{'s' * (threads > 1)}"
    start = time.monotonic()
    for _ in range(repeats):
        found = session.run(system.inputs)
        for name, deviation in deviations(found, expected.outputs, expected.scales).items():
            _judge(name, deviation, expected.allowed[name], where)
            if deviation >= findings.largest.get(name, 0.0):
                findings.largest[name], findings.where[name] = deviation, where
        if time.monotonic() - start > STRESS_SECONDS:
            break


def _judge(name: str, deviation: float, tolerance: float, where: str) -> None:
    if not deviation <= tolerance:  # NaN fails too
        raise SezmError(
            f"the file does not compute what the checkpoint does: {name} of {where} deviates by "
            f"{deviation:.1e} (relative), {tolerance:.0e} is allowed. Please report this."
        )


def _all_threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _threads_restored() -> Iterator[None]:
    """Sessions of torch set the number of threads of the process."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
