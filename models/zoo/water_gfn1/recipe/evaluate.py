"""Errors of a model on labelled frames, over all and per kind of frame.

Usage: python evaluate.py MODEL.pt LABELLED.extxyz

Energies in meV per atom (as they are, and with the mean error of each composition removed),
forces in eV/A per component, virials in meV per atom and component.
"""

import sys
from collections import defaultdict

import numpy as np
from ase import Atoms
from ase.io import read
from deepmd.calculator import DP


def errors_of(frame: Atoms, calculator: DP) -> dict[str, np.ndarray | float]:
    """Model minus label: energy and virial per atom (eV), forces (eV/A)."""
    work = Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=frame.pbc)
    work.calc = calculator
    stress = work.get_stress(voigt=False) - frame.get_stress(voigt=False)
    return {
        "energy": (work.get_potential_energy() - frame.get_potential_energy()) / len(frame),
        "forces": (work.get_forces() - frame.get_forces()).ravel(),
        "virial": -stress.ravel() * frame.get_volume() / len(frame),
    }


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def summary(name: str, errors: list[dict], sizes: list[int]) -> str:
    """One line of the table."""
    energy = np.array([e["energy"] for e in errors])
    forces = np.concatenate([e["forces"] for e in errors])
    virial = np.concatenate([e["virial"] for e in errors])
    centred = energy.copy()
    for size in set(sizes):
        rows = np.array(sizes) == size
        centred[rows] -= energy[rows].mean()
    return (
        f"| {name} | {len(errors)} | {rms(forces):.4f} | {np.abs(forces).mean():.4f} | "
        f"{1e3 * rms(energy):.2f} | {1e3 * rms(centred):.2f} | {1e3 * rms(virial):.2f} |"
    )


def main() -> None:
    model, labelled = sys.argv[1:]
    calculator = DP(model=model)
    groups = defaultdict(list)
    for frame in read(labelled, ":"):
        result = errors_of(frame, calculator), len(frame)
        groups["all"].append(result)
        groups[frame.info["kind"]].append(result)
    print("| kind | frames | force RMSE | force MAE | energy RMSE | centred | virial RMSE |")
    print("|---|---|---|---|---|---|---|")
    for name, results in groups.items():
        print(summary(name, *map(list, zip(*results, strict=True))))


if __name__ == "__main__":
    main()
