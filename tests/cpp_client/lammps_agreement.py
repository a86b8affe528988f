"""When two LAMMPS runs of the same system say the same, however it was divided among ranks."""

from __future__ import annotations

import numpy as np
from lammps_runs import Result

RANKS_AGREE = 1e-10
"""Of the largest force, and relative of the energy; pressures are sums of more terms."""


def assert_same(found: Result, expected: Result) -> None:
    """Positions, forces, energies and pressures after all steps, and on the way."""
    np.testing.assert_allclose(found.positions, expected.positions, atol=RANKS_AGREE * 10, rtol=0)
    scale = max(np.abs(expected.forces).max(), 1e-3)
    np.testing.assert_allclose(found.forces, expected.forces, atol=RANKS_AGREE * scale, rtol=0)
    table, other = expected.tables[-1], found.tables[-1]
    np.testing.assert_allclose(other["PotEng"], table["PotEng"], rtol=RANKS_AGREE)
    for name in ("Pxx", "Pyy", "Pzz", "Pxy", "Pxz", "Pyz"):
        scale = max(np.abs(table[name]).max(), 1.0)
        np.testing.assert_allclose(other[name], table[name], atol=1e-9 * scale, rtol=0)
