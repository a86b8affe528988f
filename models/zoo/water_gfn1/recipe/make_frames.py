"""First round of frames: short GFN1-xTB dynamics of small water boxes, and distorted copies.

Usage: python make_frames.py OUT.extxyz [--workers N]

Every frame carries `info["kind"]` and `info["run"]`; frames of one `run` share a trajectory
(or its start) and so must stay on one side of the training/hold-out split.
"""

import argparse
from dataclasses import dataclass
from multiprocessing import Pool

import boxes
import numpy as np
from ase import Atoms, units
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import thermalize_momenta
from ase.optimize import FIRE
from tblite.ase import TBLite

TIME_STEP = 1.0 * units.fs
FRICTION = 0.02 / units.fs
SAMPLE_EVERY = 10  # steps
SETTLE = 60  # steps before the first sample
GAS_LENGTH = 16.0  # angstrom, box of isolated molecules and clusters


@dataclass(frozen=True)
class Run:
    """One trajectory: `temperature` in K, `density` in g/cm3, `strain` without unit."""

    kind: str
    n_waters: int
    density: float
    temperature: float
    steps: int
    strain: float = 0.0


RUNS = [
    *[Run("liquid", 8, 1.0, t, 360) for t in (300, 350, 450, 600)],
    *[Run("liquid", 12, 1.0, t, 260) for t in (300, 400, 500)],
    *[Run("liquid", 16, 1.0, t, 220) for t in (300, 330, 400)],
    *[Run("liquid", 10, d, 350, 260) for d in (0.95, 1.05)],
    *[Run("strained", 8, 1.0, t, 300, 0.12) for t in (300, 400)],
    *[Run("compressed", 8, d, t, 260) for d, t in ((1.2, 400), (1.4, 500))],
    *[Run("expanded", 8, d, 350, 300) for d in (0.8, 0.6)],
    *[Run("hot", n, 1.0, t, 260) for n, t in ((8, 900), (8, 1300))],
    *[Run("gas", n, 0.0, t, 200) for n, t in ((1, 800), (2, 200), (3, 250), (5, 300))],
]


def start_of(run: Run, rng: np.random.Generator) -> Atoms:
    """The starting box of a run, before relaxation."""
    if run.kind == "gas":
        return boxes.cluster(run.n_waters, 2.9, GAS_LENGTH, rng)
    box = boxes.liquid_box(run.n_waters, run.density, rng)
    return boxes.strained(box, run.strain, rng) if run.strain else box


def trajectory(run: Run, rng: np.random.Generator) -> list[Atoms]:
    """Sampled frames of one Langevin run at the GFN1-xTB level."""
    box = start_of(run, rng)
    box.calc = TBLite(method="GFN1-xTB", verbosity=0)
    FIRE(box, logfile=None, maxstep=0.1).run(fmax=1.5, steps=60)
    thermalize_momenta(box, temperature_K=run.temperature, rng=rng)
    dynamics = Langevin(box, TIME_STEP, temperature_K=run.temperature, friction=FRICTION, rng=rng)
    dynamics.run(SETTLE)
    frames = []
    for _ in range((run.steps - SETTLE) // SAMPLE_EVERY):
        dynamics.run(SAMPLE_EVERY)
        frames.append(Atoms(box.numbers, box.get_positions(), cell=box.cell, pbc=True))
    return frames


def distorted(frames: list[Atoms], rng: np.random.Generator) -> list[tuple[str, Atoms]]:
    """Stretched bonds and near collisions, made from every third frame of a trajectory."""
    made = []
    for frame in frames[::3]:
        made.append(("stretched", boxes.stretch_bonds(frame, rng)))
        if len(frame) > 3:
            made.append(("contact", boxes.push_contact(frame, rng)))
    return made


def dimers(count: int, rng: np.random.Generator) -> list[Atoms]:
    """Randomly turned pairs, O-O 2.4 to 6 A apart."""
    return [boxes.cluster(2, d, GAS_LENGTH, rng) for d in rng.uniform(2.4, 6.0, size=count)]


def frames_of_run(number: int) -> list[Atoms]:
    """All frames derived from run `number` of the table, tagged with kind and run."""
    run, rng = RUNS[number], np.random.default_rng(1000 + number)
    frames = trajectory(run, rng)
    tagged = [(run.kind, frame) for frame in frames]
    if run.kind in ("liquid", "gas"):
        tagged += distorted(frames, rng)
    if run.kind == "gas":
        tagged += [("gas", pair) for pair in dimers(10, rng)]
    for kind, frame in tagged:
        frame.info.update(kind=kind, run=f"xtb{number:02d}", temperature=run.temperature)
    return [frame for _, frame in tagged]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with Pool(args.workers) as pool:
        for frames in pool.imap_unordered(frames_of_run, range(len(RUNS)), chunksize=1):
            write(args.out, frames, format="extxyz", append=True)
            print(frames[0].info["run"], frames[0].info["kind"], len(frames), flush=True)


if __name__ == "__main__":
    main()
