"""A liquid box equilibrated by the model: Langevin dynamics from random molecules.

Usage: python equilibrate.py MODEL.pt OUT.extxyz [--start BOX.extxyz] [--waters N] [--steps N]

The last box goes to OUT.extxyz (positions and cell only); with --trail, samples taken on the way
go to that file, tagged as frames for label.py.
"""

import argparse

import boxes
import numpy as np
from ase import Atoms, units
from ase.io import read, write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import thermalize_momenta
from ase.optimize import FIRE
from deepmd.calculator import DP
from explore import longest_bond

TIME_STEP = 1.0 * units.fs
FRICTION = 0.02 / units.fs
REPORT_EVERY = 100  # steps
TEMPERATURE = 300.0  # K


def bare(box: Atoms) -> Atoms:
    """Positions and cell alone, molecules whole."""
    copy = Atoms(box.numbers, box.get_positions(), cell=box.cell, pbc=True)
    for oxygen in range(0, len(copy), 3):
        members = [oxygen + 1, oxygen + 2]
        vectors = copy.get_distances(oxygen, members, mic=True, vector=True)
        copy.positions[members] = copy.positions[oxygen] + vectors
    return copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--start", help="continue from this box instead of random molecules")
    parser.add_argument("--waters", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--trail", help="append a sample here at every report")
    args = parser.parse_args()
    rng = np.random.default_rng(64)
    box = read(args.start) if args.start else boxes.liquid_box(args.waters, 1.0, rng)
    box.calc = DP(model=args.model)
    if not args.start:
        FIRE(box, logfile=None, maxstep=0.1).run(fmax=1.0, steps=100)
    thermalize_momenta(box, temperature_K=TEMPERATURE, rng=rng)
    dynamics = Langevin(box, TIME_STEP, temperature_K=TEMPERATURE, friction=FRICTION, rng=rng)
    for _ in range(args.steps // REPORT_EVERY):
        dynamics.run(REPORT_EVERY)
        print(
            f"{box.get_potential_energy() / len(box):.4f} eV/atom, "
            f"{box.get_temperature():.0f} K, longest bond {longest_bond(box):.2f} A",
            flush=True,
        )
        sample = bare(box)
        write(args.out, sample, format="extxyz")
        if args.trail:
            sample.info.update(kind="liquid", run="dp64", temperature=TEMPERATURE)
            write(args.trail, sample, format="extxyz", append=True)


if __name__ == "__main__":
    main()
