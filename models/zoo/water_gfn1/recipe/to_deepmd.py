"""Split labelled frames by trajectory and write DeePMD-kit's npy systems.

Usage: python to_deepmd.py OUT_DIR LABELLED.extxyz [MORE.extxyz ...]

Writes OUT_DIR/train/waters_NN and OUT_DIR/held/waters_NN (one system per number of molecules,
as DeePMD-kit wants one composition per system) and OUT_DIR/held.extxyz.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

# Whole trajectories kept out of training: at least one of every kind.
HELD_OUT = {"xtb01", "xtb08", "xtb12", "xtb14", "xtb16", "xtb18", "xtb22"}
HELD_OUT |= {"dp1_03", "dp1_11", "dp64"}
TYPES = {"O": 0, "H": 1}


def is_held_out(frame: Atoms) -> bool:
    """Whether the frame's trajectory is kept for testing."""
    return frame.info["run"] in HELD_OUT


def write_system(folder: Path, frames: list[Atoms]) -> None:
    """One DeePMD-kit system; virial = -dE/dstrain = -stress * volume, in eV."""
    (folder / "set.000").mkdir(parents=True, exist_ok=True)
    symbols = frames[0].get_chemical_symbols()
    assert all(frame.get_chemical_symbols() == symbols for frame in frames)
    np.savetxt(folder / "type.raw", [TYPES[s] for s in symbols], fmt="%d")
    (folder / "type_map.raw").write_text("O\nH\n")
    arrays = {
        "coord": [f.positions.ravel() for f in frames],
        "box": [f.cell.array.ravel() for f in frames],
        "energy": [f.get_potential_energy() for f in frames],
        "force": [f.get_forces().ravel() for f in frames],
        "virial": [-f.get_stress(voigt=False).ravel() * f.get_volume() for f in frames],
    }
    for name, values in arrays.items():
        np.save(folder / "set.000" / f"{name}.npy", np.asarray(values))


def main() -> None:
    out = Path(sys.argv[1])
    frames = [frame for source in sys.argv[2:] for frame in read(source, ":")]
    by_system = defaultdict(list)
    for frame in frames:
        part = "held" if is_held_out(frame) else "train"
        by_system[part, len(frame) // 3].append(frame)
    for (part, waters), members in sorted(by_system.items()):
        write_system(out / part / f"waters_{waters:02d}", members)
        print(f"{part} waters_{waters:02d}: {len(members)} frames")
    write(out / "held.extxyz", [f for f in frames if is_held_out(f)], format="extxyz")


if __name__ == "__main__":
    main()
