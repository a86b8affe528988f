"""A small, proportional sample of the held-out frames, for tests: every twelfth of them.

Usage: python make_holdout.py HELD.extxyz OUT.extxyz
"""

import sys

from ase.io import read, write

TAKE_EVERY = 12
LARGEST = 96  # atoms


def main() -> None:
    source, out = sys.argv[1:]
    chosen = [frame for frame in read(source, ":") if len(frame) <= LARGEST][::TAKE_EVERY]
    write(out, chosen, format="extxyz")
    print(f"{len(chosen)} frames, {sum(map(len, chosen))} atoms")


if __name__ == "__main__":
    main()
