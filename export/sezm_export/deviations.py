"""How far outputs are apart, each in units of what it should be measured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sezm_infer.contract import ATOM_VIRIAL, MAGNETIC_FORCES, OUTPUTS

FLOAT64 = 1e-10
FLOAT32 = 1e-5

TOLERANCES = {
    dtype: {spec.name: tolerance for spec in (*OUTPUTS, MAGNETIC_FORCES, ATOM_VIRIAL)}
    for dtype, tolerance in (("float32", FLOAT32), ("float64", FLOAT64))
}
"""Largest relative deviation of each output, by dtype of the model."""

FLOOR = 1e-3
"""Smallest scale, in eV and Angstrom: what is zero must agree to this times the tolerance."""

TYPICAL_SHARE = 0.1
"""Energies close to zero, and forces and virials that cancel, as for an atom among its images, are
measured by this share of what is typical for the model, for they come from terms of that size."""


class Typical(NamedTuple):
    """Medians over systems of the largest energy of an atom, eV, force, eV/Angstrom, and magnetic
    force, eV per unit of spin."""

    energy: float
    force: float
    magnetic_force: float


def typical(results: Sequence[Mapping[str, np.ndarray]]) -> Typical:
    """Of outputs for several systems; zero is left out, as the forces on isolated atoms."""

    def median(name: str) -> float:
        largest = [_largest(outputs, name) for outputs in results]
        return float(np.median([entry for entry in largest if entry > 0] or [0.0]))

    return Typical(median("atom_energy"), median("forces"), median("magnetic_forces"))


def scales(
    expected: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray], usual: Typical
) -> dict[str, np.ndarray]:
    """What deviations are measured by: the system's energy or the sum of its atoms' absolute
    energies, the largest energy of an atom, the largest force of either kind, the largest entry of
    a virial.

    Args:
        expected: outputs of the model.
        inputs: of the model.
        usual: what is typical for the model.

    Returns:
        by name of output; that of the energy has one entry per system.
    """
    natoms = inputs["natoms"]
    totals = np.bincount(inputs["batch"], np.abs(expected["atom_energy"]), minlength=len(natoms))
    energy, force, magnetic_force = (TYPICAL_SHARE * value for value in usual)
    by_output: dict[str, np.ndarray | float] = {
        "energy": np.maximum(np.maximum(np.abs(expected["energy"]), totals), energy * natoms),
        "atom_energy": max(_largest(expected, "atom_energy"), energy),
        "forces": max(_largest(expected, "forces"), force),
        "virial": max(_largest(expected, "virial"), force * natoms.max()),
        "magnetic_forces": max(_largest(expected, "magnetic_forces"), magnetic_force),
        "atom_virial": max(_largest(expected, "atom_virial"), force),
    }
    return {name: np.maximum(by_output[name], FLOOR) for name in expected}


def deviations(
    found: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    by_scale: Mapping[str, np.ndarray],
) -> dict[str, float]:
    """Largest deviation of each output in units of :func:`scales`; NaN where there is a NaN.

    Args:
        found: outputs of the file.
        expected: outputs of the model.
        by_scale: of the expected outputs.
    """
    return {
        name: float((np.abs(np.asarray(found[name], float) - array) / by_scale[name]).max())
        for name, array in expected.items()
    }


def _largest(outputs: Mapping[str, np.ndarray], name: str) -> float:
    """Of an output that the model may not have."""
    return float(np.abs(outputs[name]).max(initial=0.0)) if name in outputs else 0.0
