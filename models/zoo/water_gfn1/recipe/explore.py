"""Active learning: let the model drive dynamics and keep the frames that it visits.

Usage: python explore.py MODEL.pt OUT.extxyz --round ROUND [--runs FIRST:LAST]

The frames are unlabelled; label.py gives them their GFN1-xTB energies and forces, which also
tells how far off the model was where it went by itself (evaluate.py).
"""

import argparse

import boxes
import numpy as np
from ase import Atoms, units
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import thermalize_momenta
from ase.optimize import FIRE
from deepmd.calculator import DP
from make_frames import Run

TIME_STEP = 1.0 * units.fs
FRICTION = 0.01 / units.fs
SAMPLE_EVERY = 30  # steps
SETTLE = 100  # steps before the first sample
LONGEST_BOND = 1.7  # angstrom: beyond it a molecule is broken and the run ends

ROUNDS = {
    "1": [
        *[Run("liquid", 16, 1.0, t, 500) for t in (300, 400, 500)],
        *[Run("liquid", 24, 1.0, t, 400) for t in (300, 330)],
        Run("compressed", 12, 1.2, 400, 400),
        Run("expanded", 12, 0.85, 350, 400),
        Run("strained", 12, 1.0, 320, 400, 0.1),
        Run("hot", 12, 1.0, 800, 400),
        Run("gas", 4, 0.0, 250, 400),
        Run("gas", 6, 0.0, 300, 400),
        Run("liquid", 32, 1.0, 300, 400),
    ],
    "2": [
        Run("hot", 12, 1.0, 700, 400),
        Run("liquid", 16, 1.0, 400, 400),
        Run("compressed", 12, 1.15, 500, 400),
        Run("gas", 3, 0.0, 500, 400),
        Run("hot", 8, 0.9, 1000, 400),
    ],
}


def longest_bond(box: Atoms) -> float:
    """Longest O-H bond of the molecules (O H H order), in angstrom."""
    oxygen = np.arange(0, len(box), 3)
    return max(
        np.linalg.norm(box.get_distances(o, [o + 1, o + 2], mic=True, vector=True), axis=1).max()
        for o in oxygen
    )


def start_of(run: Run, rng: np.random.Generator) -> Atoms:
    """The starting box of a run, before relaxation."""
    if run.kind == "gas":
        return boxes.cluster(run.n_waters, 2.9, 16.0, rng)
    box = boxes.liquid_box(run.n_waters, run.density, rng)
    return boxes.strained(box, run.strain, rng) if run.strain else box


def explore(run: Run, calculator: DP, rng: np.random.Generator) -> list[Atoms]:
    """Frames of one Langevin run driven by the model; a broken molecule ends the run."""
    box = start_of(run, rng)
    box.calc = calculator
    FIRE(box, logfile=None, maxstep=0.1).run(fmax=1.0, steps=100)
    thermalize_momenta(box, temperature_K=run.temperature, rng=rng)
    dynamics = Langevin(box, TIME_STEP, temperature_K=run.temperature, friction=FRICTION, rng=rng)
    dynamics.run(SETTLE)
    frames = []
    for _ in range((run.steps - SETTLE) // SAMPLE_EVERY):
        dynamics.run(SAMPLE_EVERY)
        frames.append(Atoms(box.numbers, box.get_positions(), cell=box.cell, pbc=True))
        if longest_bond(box) > LONGEST_BOND:
            break
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--round", choices=ROUNDS, required=True)
    parser.add_argument("--runs", default="0:99", help="slice of the round's table")
    args = parser.parse_args()
    calculator = DP(model=args.model)
    first, last = (int(bound) for bound in args.runs.split(":"))
    for number, run in list(enumerate(ROUNDS[args.round]))[first:last]:
        frames = explore(run, calculator, np.random.default_rng([int(args.round), number]))
        for frame in frames:
            frame.info.update(
                kind=run.kind, run=f"dp{args.round}_{number:02d}", temperature=run.temperature
            )
        write(args.out, frames, format="extxyz", append=True)
        print(run, len(frames), f"longest bond {longest_bond(frames[-1]):.2f}", flush=True)


if __name__ == "__main__":
    main()
