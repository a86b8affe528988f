"""Record Clebsch-Gordan tables and harmonics of e3nn-jax 0.21, in the environment of record_nequip.

JAX_ENABLE_X64=1 JAX_PLATFORMS=cpu V/bin/python tests/reference/record_couplings.py

Writes ``data/couplings.npz``: ``OUT_LEFT_RIGHT`` tables, ``directions`` and ``harmonics_L``.
"""

from __future__ import annotations

from pathlib import Path

import e3nn_jax
import numpy as np

LARGEST = 3

if __name__ == "__main__":
    found = {}
    for left in range(LARGEST + 1):
        for right in range(LARGEST + 1):
            for out in range(abs(left - right), min(left + right, LARGEST) + 1):
                table = e3nn_jax.clebsch_gordan(out, left, right)
                found[f"{out}_{left}_{right}"] = np.asarray(table)
    directions = np.random.default_rng(3).normal(size=(5, 3))
    found["directions"] = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    for degree in range(LARGEST + 3):
        values = e3nn_jax.spherical_harmonics(
            [degree],
            e3nn_jax.IrrepsArray("1o", found["directions"]),
            normalize=True,
            normalization="component",
        )
        found[f"harmonics_{degree}"] = np.asarray(values.array)
    np.savez_compressed(Path(__file__).parent / "data/couplings.npz", **found)
