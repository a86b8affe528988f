"""How far outputs are apart, each in units of what it should be measured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

FLOAT64 = 1e-10
FLOAT32 = 1e-5

TOLERANCES = {
    dtype: dict.fromkeys(("energy", "forces", "virial", "atom_energy", "atom_virial"), tolerance)
    for dtype, tolerance in (("float32", FLOAT32), ("float64", FLOAT64))
}
"""Largest relative deviation of each output, by dtype of the model."""

FLOOR = 1e-3
"""Smallest scale, in eV and Angstrom: what is zero must agree to this times the tolerance."""

TYPICAL_SHARE = 0.1
"""Where forces and virials cancel, as for an atom among its images, they are measured by this share
of the model's typical force (times 1 Angstrom and the number of atoms), for they come from terms of
that size."""


def typical_force(results: Sequence[Mapping[str, np.ndarray]]) -> float:
    """Median of the largest forces of systems, eV/Angstrom; 0 if none has any."""
    largest = [_largest(outputs["forces"]) for outputs in results]
    return float(np.median([force for force in largest if force > 0] or [0.0]))


def scales(
    expected: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray], typical: float
) -> dict[str, np.ndarray]:
    """What deviations are measured by: the system's energy or the sum of its atoms' absolute
    energies, the largest energy of an atom, the largest force, the largest entry of a virial.

    Args:
        expected: outputs of the model.
        inputs: of the model.
        typical: from :func:`typical_force`.

    Returns:
        by name of output; that of the energy has one entry per system.
    """
    atom_energy = np.abs(expected["atom_energy"])
    totals = np.bincount(inputs["batch"], atom_energy, minlength=len(inputs["natoms"]))
    share = TYPICAL_SHARE * typical
    by_output: dict[str, np.ndarray | float] = {
        "energy": np.maximum(np.abs(expected["energy"]), totals),
        "atom_energy": _largest(atom_energy),
        "forces": max(_largest(expected["forces"]), share),
        "virial": max(_largest(expected["virial"]), share * inputs["natoms"].max()),
        "atom_virial": max(_largest(expected.get("atom_virial", np.zeros(0))), share),
    }
    return {name: np.maximum(scale, FLOOR) for name, scale in by_output.items()}


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


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0.0))
