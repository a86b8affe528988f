"""A small sample of held-out frames, spread over the kinds and trajectories, for tests.

Usage: python make_holdout.py HELD.extxyz OUT.extxyz
"""

import sys
from collections import defaultdict

from ase.io import read, write

FRAMES_PER_RUN_AND_KIND = 1
LARGEST = 96  # atoms


def main() -> None:
    source, out = sys.argv[1:]
    groups = defaultdict(list)
    for frame in read(source, ":"):
        if len(frame) <= LARGEST:
            groups[frame.info["run"], frame.info["kind"]].append(frame)
    chosen = []
    for members in groups.values():
        step = len(members) // FRAMES_PER_RUN_AND_KIND
        chosen += members[step // 2 :: step][:FRAMES_PER_RUN_AND_KIND]
    write(out, chosen, format="extxyz")
    print(f"{len(chosen)} frames, {sum(map(len, chosen))} atoms")


if __name__ == "__main__":
    main()
