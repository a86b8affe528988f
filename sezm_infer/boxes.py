"""Structures of a wanted size, for timing a model that one knows only by its elements."""

from __future__ import annotations

from collections.abc import Sequence

import ase
import numpy as np

from .conditioning import extra_inputs
from .metadata import Metadata

WATER_DENSITY = 0.0334
"""Molecules per Angstrom^3, at 300 K."""

WATER = np.array([[0.0, 0.0, 0.0], [0.757, 0.586, 0.0], [-0.757, 0.586, 0.0]])
"""O, H, H of one molecule, Angstrom."""

SPACING = 2.5
"""Angstrom between atoms of a box of other elements: typical of solids."""


def box_for(elements: Sequence[str], n_atoms: int) -> ase.Atoms:
    """A periodic cubic box: water if the model knows H and O, else a lattice of its elements.

    The size is rounded up to whole water molecules.
    """
    if {"H", "O"} <= set(elements):
        return water_box(-(-n_atoms // 3))
    return lattice_box(elements[:4], n_atoms)


def box_for_model(metadata: Metadata, n_atoms: int) -> ase.Atoms:
    """As :func:`box_for`, with plain values of all extra inputs that the model takes.

    Args:
        metadata: of the model.
        n_atoms: see :func:`box_for`.
    """
    atoms = box_for(metadata.elements, n_atoms)
    widths = extra_inputs(metadata)
    if "charge_spin" in widths:
        atoms.info |= {"charge": 0, "spin": 1}
    if "charge" in widths:
        atoms.info["charge"] = int(min(metadata.input_values.get("charge", (0,)), key=abs))
    if "fparam" in widths:
        atoms.info["fparam"] = np.zeros(widths["fparam"])
    if "aparam" in widths:
        atoms.set_array("aparam", np.zeros((len(atoms), widths["aparam"])))
    if "spins" in widths:
        atoms.set_array("spins", np.tile([0.0, 0.0, 1.0], (len(atoms), 1)))
    return atoms


def water_box(n_molecules: int) -> ase.Atoms:
    """Water molecules of random orientation on a grid, at the density of the liquid."""
    rng = np.random.default_rng(0)
    length = (n_molecules / WATER_DENSITY) ** (1 / 3)
    # Random orthogonal matrices; a molecule has a mirror plane, so reflections do no harm.
    turns, _ = np.linalg.qr(rng.normal(size=(n_molecules, 3, 3)))
    positions = _grid(n_molecules, length)[:, None] + WATER @ turns
    return ase.Atoms(
        "OHH" * n_molecules, positions=positions.reshape(-1, 3), cell=[length] * 3, pbc=True
    )


def lattice_box(elements: Sequence[str], n_atoms: int) -> ase.Atoms:
    """Atoms of the elements in turn, slightly displaced from a cubic lattice."""
    rng = np.random.default_rng(0)
    length = SPACING * n_atoms ** (1 / 3)
    positions = _grid(n_atoms, length) + rng.normal(scale=0.1, size=(n_atoms, 3))
    symbols = [elements[index % len(elements)] for index in range(n_atoms)]
    return ase.Atoms(symbols, positions=positions, cell=[length] * 3, pbc=True)


def _grid(n_points: int, length: float) -> np.ndarray:
    """Points spread evenly over a cube, [n_points, 3]."""
    per_axis = int(np.ceil(n_points ** (1 / 3) - 1e-9))
    sites = np.stack(np.meshgrid(*[np.arange(per_axis)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    chosen = np.linspace(0, len(sites) - 1, n_points).round().astype(int)
    return (sites[chosen] + 0.5) * (length / per_axis)
