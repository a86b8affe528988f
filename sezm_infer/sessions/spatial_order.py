"""Atoms in an order in which those near each other in space are near each other in memory."""

from __future__ import annotations

import numpy as np

SIDE = 3.0
"""Angstrom; atoms within a cube of this side keep the order they have."""

_BITS = 20


def spatial_order(pos: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Indices of all atoms along the Z-order curve (Morton 1966) through cubes, system by system.

    Args:
        pos: [N, 3], Angstrom. Atoms outside their periodic cell are taken where they are.
        batch: [N] system of each atom, ascending.

    Returns:
        [N] int64.
    """
    cubes = np.nan_to_num((pos - pos.min(axis=0)) / SIDE).clip(0, 2**_BITS - 1).astype(np.int64)
    key = np.zeros(len(pos), np.int64)
    for bit in range(int(cubes.max()).bit_length()):
        for axis in range(3):
            key |= (cubes[:, axis] >> bit & 1) << (3 * bit + axis)
    return np.lexsort((key, batch))
