"""Label frames with GFN1-xTB: energy (eV), forces (eV/A) and stress (eV/A3).

Usage: python label.py IN.extxyz OUT.extxyz [--workers N]

A frame is dropped, and counted, where the self-consistent charges do not converge or where a
force exceeds MAX_FORCE: such frames only teach noise.
"""

import argparse
from multiprocessing import Pool

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from tblite.ase import TBLite
from tblite.exceptions import TBLiteRuntimeError

ACCURACY = 0.1  # tblite's factor on its convergence thresholds; 1 is its default
MAX_FORCE = 25.0  # eV/angstrom


def labelled(frame: Atoms) -> Atoms | None:
    """The frame with its GFN1-xTB labels attached, or None where it is of no use."""
    work = Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=True)
    work.calc = TBLite(method="GFN1-xTB", accuracy=ACCURACY, verbosity=0)
    try:
        forces = work.get_forces()
    except TBLiteRuntimeError:
        return None
    if np.abs(forces).max() > MAX_FORCE:
        return None
    labels = {"energy": work.get_potential_energy(), "forces": forces, "stress": work.get_stress()}
    work.info.update({key: frame.info[key] for key in ("kind", "run", "temperature")})
    work.calc = SinglePointCalculator(work, **labels)
    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("out")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    frames = read(args.source, ":")
    with Pool(args.workers) as pool:
        results = pool.map(labelled, frames, chunksize=4)
    kept = [frame for frame in results if frame is not None]
    write(args.out, kept, format="extxyz")
    print(f"{len(kept)} frames labelled, {len(frames) - len(kept)} dropped")


if __name__ == "__main__":
    main()
