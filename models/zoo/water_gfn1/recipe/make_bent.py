"""Copies of frames with closed and opened H-O-H angles (45 to 170 degrees).

Usage: python make_bent.py FRAMES.extxyz OUT.extxyz

The first round of active learning went through molecules folded to 44 degrees, which thermal
frames never show: the model needs to know that they cost energy.  A copy keeps the `run` of its
source and so stays on the same side of the training/hold-out split.
"""

import sys

import boxes
import numpy as np
from ase.io import read, write

TAKE_EVERY = {"liquid": 6, "gas": 3}  # of the frames of each kind


def main() -> None:
    source, out = sys.argv[1:]
    rng = np.random.default_rng(45)
    frames = read(source, ":")
    bent = []
    for kind, every in TAKE_EVERY.items():
        for frame in [f for f in frames if f.info["kind"] == kind][::every]:
            copy = boxes.bend_molecules(frame, rng)
            copy.info.update(frame.info, kind="bent")
            bent.append(copy)
    write(out, bent, format="extxyz")
    print(f"{len(bent)} bent frames")


if __name__ == "__main__":
    main()
