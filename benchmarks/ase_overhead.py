"""What a step through the ASE calculator takes beyond its call of the session.

    python -m benchmarks.ase_overhead FILE... --size 192 --steps 300

Atoms fly as in dynamics of 0.5 fs at 300 K, to and fro, so that a neighbour list serves as many
steps as it does there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time

import ase
import numpy as np
from ase import units
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

from sezm_infer import Session, SezmCalculator, open_session
from sezm_infer.boxes import box_for_model

TIME_STEP, TEMPERATURE = 0.5 * units.fs, 300.0
STEPS_PER_WAY = 50
WARM_UP_STEPS = 5


class TimedSession:
    """Passes calls on and notes how long the last one took.

    Attributes:
        seconds: of the last call, CPU time.
    """

    def __init__(self, session: Session) -> None:
        self.metadata = session.metadata
        self.seconds = 0.0
        self._session = session

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        start = process_time()
        outputs = self._session.run(inputs)
        self.seconds = process_time() - start
        return outputs


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table with one row per file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ase_overhead", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--size", type=int, default=192, help="number of atoms")
    parser.add_argument("--steps", type=int, default=300, help="timed steps")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    print("| file | atoms | step, CPU ms | beyond the session, CPU ms (mean) | of the session |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for file in options.files:
        session = TimedSession(open_session(file, threads=options.threads))
        atoms = box_for_model(session.metadata, options.size)
        step, beyond, mean = _times(atoms, session, options.steps)
        print(
            f"| {file} | {len(atoms)} | {step:.1f} | {beyond:.2f} ({mean:.2f}) "
            f"| {beyond / (step - beyond):.1%} |"
        )


def _times(atoms: ase.Atoms, session: TimedSession, steps: int) -> tuple[float, float, float]:
    """CPU ms: median of a step, median and mean of what it takes beyond the session.

    The mean has its share of the searches for neighbours, the median has none.
    """
    atoms.calc = SezmCalculator(session)
    rng = np.random.default_rng(0)
    MaxwellBoltzmannDistribution(atoms, temperature_K=TEMPERATURE, rng=rng)
    move = TIME_STEP * atoms.get_velocities()
    whole, beyond = [], []
    for step in range(WARM_UP_STEPS + steps):
        atoms.positions += move if step // STEPS_PER_WAY % 2 == 0 else -move
        start = process_time()
        atoms.get_forces()
        whole.append(process_time() - start)
        beyond.append(whole[-1] - session.seconds)
    whole_ms, beyond_ms = (1e3 * np.array(times[WARM_UP_STEPS:]) for times in (whole, beyond))
    return float(np.median(whole_ms)), float(np.median(beyond_ms)), float(beyond_ms.mean())


if __name__ == "__main__":
    main()
