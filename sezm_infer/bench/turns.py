"""Files that take turns, step by step: whatever else the machine does hits all of them alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SezmError
from .entries import Entry
from .worker_process import WorkerEndedError, WorkerProcess

MIN_SECONDS = 2.0
"""That are spent on each size, times the number of files."""

MIN_STEPS = 3
WARM_UP_STEPS = 2

Report = Callable[[str], None]


@dataclass(frozen=True)
class Measurement:
    """Medians over the steps of one file at one size.

    Attributes:
        path: of the file.
        backend: what runs it.
        dtype: its precision.
        threads: None for the engine's own choice.
        atoms, edges: of the system.
        steps: how many were timed.
        ms_per_step: through the calculator: energy, forces and virial.
        ms_in_model: of which in the model itself; the rest is neighbour list and ASE.
        us_per_atom_step: microseconds per atom and step.
        peak_mb: largest resident memory of the file's own process up to this size, MB.
    """

    path: Path
    backend: str
    dtype: str
    threads: int | None
    atoms: int
    edges: int
    steps: int
    ms_per_step: float
    ms_in_model: float
    us_per_atom_step: float
    peak_mb: float


def measure(
    entered: Sequence[Entry], sizes: Sequence[int], progress: Report, left_out: Report
) -> list[Measurement]:
    """Time files on small random moves of periodic boxes, each file in a process of its own.

    Args:
        entered: who takes part.
        sizes: numbers of atoms, smallest first.
        progress: called with what is done next.
        left_out: called with the reason where a file cannot go on; it takes no further part.

    Returns:
        one each for all sizes and files that could be measured, by size, then as they were entered.

    Raises:
        SezmError: none could.
    """
    runners: list[_Runner] = []
    measurements: list[Measurement] = []
    problems: list[str] = []
    with ExitStack() as stack:

        def attempt(step: Callable[..., None], *arguments: int) -> bool:
            try:
                step(*arguments)
            except SezmError as error:
                problems.append(str(error))
                return False
            return True

        for entry in entered:
            progress(f"opening {entry.file.path.name}")
            runner = _Runner(entry)
            stack.callback(runner.close)
            if attempt(runner.open):
                runners.append(runner)
        for size in sizes:
            progress(f"{size} atoms")
            runners = [one for one in runners if attempt(one.resize, size)]
            while runners and not _is_enough(runners):
                runners = [one for one in runners if attempt(one.step)]
            measurements += [runner.measurement() for runner in runners]
    if not measurements:
        raise SezmError("; ".join(problems))
    for problem in problems:
        left_out(problem)
    return measurements


def _is_enough(runners: Sequence[_Runner]) -> bool:
    seconds = sum(step["ms"] for runner in runners for step in runner.steps) / 1e3
    rounds = min(len(runner.steps) for runner in runners)
    return rounds >= MIN_STEPS + WARM_UP_STEPS and seconds >= MIN_SECONDS * len(runners)


@dataclass
class _Runner:
    """One file and its process."""

    entry: Entry
    opened: dict[str, Any] = field(default_factory=dict)
    system: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", f"{__package__}.worker"]
        self._process = WorkerProcess(command, _environment())

    def open(self) -> None:
        self.opened = self._ask(path=str(self.entry.file.path), options=asdict(self.entry.options))

    def resize(self, size: int) -> None:
        self.system = self._ask(size=size)
        self.steps = []

    def step(self) -> None:
        self.steps.append(self._ask(step=len(self.steps)))

    def measurement(self) -> Measurement:
        timed = self.steps[WARM_UP_STEPS:]
        ms, ms_in_model = (
            float(np.median([step[name] for step in timed])) for name in ("ms", "ms_in_model")
        )
        return Measurement(
            path=self.entry.file.path,
            backend=self.entry.backend,
            dtype=self.opened["dtype"],
            threads=self.entry.options.threads,
            atoms=self.system["atoms"],
            edges=self.system["edges"],
            steps=len(timed),
            ms_per_step=ms,
            ms_in_model=ms_in_model,
            us_per_atom_step=1e3 * ms / self.system["atoms"],
            peak_mb=timed[-1]["peak_mb"],
        )

    def close(self) -> None:
        self._process.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        """The worker's answer.

        Raises:
            SezmError: it is an error, or there is none.
        """
        try:
            answer = self._process.ask(**request)
        except WorkerEndedError as error:
            raise SezmError(
                f"{self.entry.file.path}: its process ended with code {error.code}, for want of "
                "memory perhaps; measure smaller sizes."
            ) from None
        if "error" in answer:
            named = str(self.entry.file.path)
            text = answer["error"]
            raise SezmError(text if named in text else f"{named}: {text}")
        return answer


def _environment() -> dict[str, str]:
    """Modules of the current folder are not taken for installed ones, unless they are here."""
    if {"", os.getcwd()} & set(sys.path):
        return dict(os.environ)
    return os.environ | {"PYTHONSAFEPATH": "1"}
