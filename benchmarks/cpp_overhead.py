"""What a step costs in C++, in a Python session alone, and in ASE: CPU milliseconds, medians.

    python benchmarks/cpp_overhead.py [--build build/cpp] [--steps 20] [--rounds 5]

Dynamics of the bundled box of 64 water molecules on one thread, with the bundled model and with
random ones of the recorded configurations tiny and mini. The programs take turns, and start-up is
left out: of sezm_run, whose processor time the operating system counts, by the difference between
a long run and a short one. The session evaluates the first structure again and again, without a
neighbour list.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
from ase import units
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from sezm_infer import SezmCalculator
from sezm_infer.batch import flat_inputs

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("cpp_client", "support", "reference")]
from same_results import LIBRARIES, exported  # noqa: E402

MODELS = ("bundled", "tiny", "mini")
TIMESTEP = 0.5  # fs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/cpp")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("model                  session       C++       ASE  C++/session  ASE/session")
    with tempfile.TemporaryDirectory() as folder:
        for name in MODELS:
            for suffix in LIBRARIES:
                path = exported(name, "float32", suffix, Path(folder))
                report(path, programs(path, options.build, options.steps), options.rounds)


def report(path: Path, ways: dict[str, Callable[[], float]], rounds: int) -> None:
    """Run all ways in turn, and print a line of the table."""
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(1000 * way())
    session, cpp, ase_ = (statistics.median(times[name]) for name in ("session", "C++", "ASE"))
    row = f"{session:9.2f} {cpp:9.2f} {ase_:9.2f} {cpp / session:12.3f} {ase_ / session:12.3f}"
    print(f"{path.name:20} {row}", flush=True)


def programs(path: Path, build: Path, steps: int) -> dict[str, Callable[[], float]]:
    """The ways to compute a step; each returns its CPU seconds per step."""
    atoms = ase.io.read(ROOT / "models/zoo/water_gfn1/water64.extxyz")
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(0))
    start = path.with_suffix(".extxyz")
    ase.io.write(start, atoms)
    atoms = ase.io.read(start)
    atoms.calc = SezmCalculator(path, threads=1)
    session, metadata = atoms.calc.session, atoms.calc.session.metadata
    inputs = flat_inputs([atoms], [atoms.calc.neighbors.update(atoms)], metadata)

    def run_session() -> float:
        return per_step(lambda: [session.run(inputs) for _ in range(steps)], steps)

    def run_ase() -> float:
        moving = atoms.copy()
        moving.calc = atoms.calc
        moving.get_forces()
        dynamics = VelocityVerlet(moving, TIMESTEP * units.fs)
        return per_step(lambda: dynamics.run(steps), steps)

    def run_cpp() -> float:
        long, short = (children(command(build, path, start, n)) for n in (steps + 1, 1))
        return (long - short) / steps

    return {"session": run_session, "C++": run_cpp, "ASE": run_ase}


def command(build: Path, path: Path, start: Path, steps: int) -> list[str]:
    output = path.with_suffix(".out.extxyz")
    files = [str(name) for name in (build / "sezm_run", path, start, output)]
    return [*files, *f"--threads 1 --timestep {TIMESTEP} --every 100000 --md {steps}".split()]


def per_step(work: Callable[[], object], steps: int) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) / steps


def children(line: list[str]) -> float:
    """CPU seconds of a program."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return used() - before


if __name__ == "__main__":
    main()
