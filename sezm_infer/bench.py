"""How fast a model runs here: time, throughput and memory over system sizes."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

import ase
import numpy as np

from .calculator import DEFAULT_SKIN, SezmCalculator
from .metadata import Metadata
from .sessions import Session

MIN_SECONDS = 2.0
MIN_STEPS = 3
WARM_UP_STEPS = 2
STEP_LENGTH = 0.01
"""Angstrom that atoms move per step, so that neighbour lists are reused as in dynamics."""


@dataclass(frozen=True)
class Measurement:
    """Medians over the steps at one size.

    Attributes:
        atoms, edges: of the system.
        steps: how many were timed.
        ms_per_step: through the calculator: energy, forces and virial.
        ms_in_model: of which in the model itself; the rest is neighbour list and ASE.
        atom_steps_per_second: atoms times steps per second.
        peak_mb: largest resident memory of this process so far, MB.
    """

    atoms: int
    edges: int
    steps: int
    ms_per_step: float
    ms_in_model: float
    atom_steps_per_second: float
    peak_mb: float


def measure(session: Session, atoms: ase.Atoms) -> Measurement:
    """Time a model on small random moves of ``atoms`` (which end up moved).

    Raises:
        SezmError: the structure does not suit the model.
    """
    timed = _TimedSession(session)
    calculator = SezmCalculator(timed, skin=DEFAULT_SKIN)
    atoms.calc = calculator
    rng = np.random.default_rng(0)
    step_times: list[float] = []
    while len(step_times) < MIN_STEPS + WARM_UP_STEPS or sum(step_times) < MIN_SECONDS:
        atoms.positions += rng.normal(scale=STEP_LENGTH, size=(len(atoms), 3))
        start = perf_counter()
        atoms.get_forces()
        step_times.append(perf_counter() - start)
    step = float(np.median(step_times[WARM_UP_STEPS:]))
    return Measurement(
        atoms=len(atoms),
        edges=timed.edges,
        steps=len(step_times) - WARM_UP_STEPS,
        ms_per_step=step * 1e3,
        ms_in_model=float(np.median(timed.times[WARM_UP_STEPS:])) * 1e3,
        atom_steps_per_second=len(atoms) / step,
        peak_mb=_peak_mb(),
    )


class _TimedSession:
    """Passes calls on and notes how long they took."""

    def __init__(self, session: Session) -> None:
        self.metadata: Metadata = session.metadata
        self.times: list[float] = []
        self.edges = 0
        self._session = session

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        start = perf_counter()
        outputs = self._session.run(inputs)
        self.times.append(perf_counter() - start)
        self.edges = len(inputs["edge_distance"])
        return outputs


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
