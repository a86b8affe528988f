"""Constant-energy dynamics with the DeePMD-kit calculator: drift, temperature, whole molecules.

Usage: python nve.py MODEL.pt BOX.extxyz [--steps N] [--temperature K] [--out LAST.extxyz]
"""

import argparse

import numpy as np
from ase import units
from ase.io import read, write
from ase.md.velocitydistribution import Stationary, thermalize_momenta
from ase.md.verlet import VelocityVerlet
from deepmd.calculator import DP
from explore import longest_bond

TIME_STEP = 0.5 * units.fs
REPORT_EVERY = 20  # steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("box")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--temperature", type=float, default=300.0, help="of the start, in K")
    parser.add_argument("--out", help="write the last frame here")
    args = parser.parse_args()
    box = read(args.box)
    box.calc = DP(model=args.model)
    thermalize_momenta(box, temperature_K=args.temperature, rng=np.random.default_rng(7))
    Stationary(box)
    dynamics = VelocityVerlet(box, TIME_STEP)
    rows = []
    for _ in range(args.steps // REPORT_EVERY):
        dynamics.run(REPORT_EVERY)
        time = dynamics.get_time() / (1000.0 * units.fs)
        rows.append((time, box.get_total_energy() / len(box), box.get_temperature()))
        print(f"{time:.3f} ps {rows[-1][1]:.6f} eV/atom {rows[-1][2]:.0f} K", flush=True)
    times, energies, temperatures = np.array(rows).T
    drift = 1e3 * np.polyfit(times, energies, 1)[0]
    print(f"drift {drift:.4f} meV/atom/ps, mean temperature {temperatures.mean():.0f} K")
    print(f"longest O-H bond at the end {longest_bond(box):.3f} A")
    if args.out:
        write(args.out, box, format="extxyz")


if __name__ == "__main__":
    main()
