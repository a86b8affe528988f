"""Workers that take turns: whatever else the machine does hits all of them alike."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sezm_infer.bench.worker_process import WorkerEndedError, WorkerProcess

from .contestants import Contestant, environment

WORKER = Path(__file__).with_name("worker.py")
WARM_UP_STEPS = 2


@dataclass
class Result:
    """What one contestant did at one size.

    Attributes:
        name: of the contestant.
        first: answer to its first request; see ``worker.py``.
        steps: answers to those that were timed.
    """

    name: str
    first: dict[str, Any]
    steps: list[dict[str, float]] = field(default_factory=list)

    def median(self, what: str) -> float:
        """Of "wall_s" or "cpu_s"."""
        return float(np.median([step[what] for step in self.steps]))

    def spread(self, what: str) -> tuple[float, float]:
        """First and third quartile."""
        low, high = np.percentile([step[what] for step in self.steps], [25, 75])
        return float(low), float(high)

    @property
    def peak_mb(self) -> float:
        """Largest resident memory of the process."""
        return max(step["peak_mb"] for step in self.steps)


def race(
    entered: Sequence[Contestant], structure: Path, threads: int, steps: int
) -> tuple[list[Result], Result]:
    """Time all contestants on one structure, step by step in turn.

    Args:
        entered: who takes part. One that dies, for want of memory say, is left out and named on
            stderr.
        structure: extended XYZ file.
        threads: of each worker.
        steps: that are timed, after two that are not.

    Returns:
        one result each, and that of matrix products, timed between them.
    """
    yardstick = Contestant("sgemm", "sgemm", structure, Path(sys.executable))
    results: dict[str, Result] = {}
    with ExitStack() as stack:
        workers = {}
        for contestant in (*entered, yardstick):
            worker = _worker(contestant, threads)
            stack.callback(worker.close)
            _unless_dead(workers, results, contestant.name, worker, load=str(structure))
        for step in range(WARM_UP_STEPS + steps):
            for name, worker in list(workers.items()):
                _unless_dead(workers, results, name, worker, step=step)
    for result in results.values():
        del result.steps[:WARM_UP_STEPS]
    return [result for name, result in results.items() if name != "sgemm"], results["sgemm"]


def _worker(contestant: Contestant, threads: int) -> WorkerProcess:
    command = [contestant.python, WORKER, contestant.kind, contestant.file, threads]
    return WorkerProcess([str(part) for part in command], environment(threads, contestant.kernels))


def _unless_dead(
    workers: dict[str, WorkerProcess],
    results: dict[str, Result],
    name: str,
    worker: WorkerProcess,
    **ask: Any,
) -> None:
    """Ask one worker, and note its answer; one that has died takes no further part."""
    try:
        answer = worker.ask(**ask)
    except WorkerEndedError as error:
        print(f"left out: {name} {error}", file=sys.stderr, flush=True)
        workers.pop(name, None)
        results.pop(name, None)
        return
    if "load" in ask:
        workers[name], results[name] = worker, Result(name, answer)
    else:
        results[name].steps.append(answer)
