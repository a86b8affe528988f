"""Extra inputs of the systems on which files are proven: other values for each of them."""

from __future__ import annotations

from dataclasses import replace

import ase
import numpy as np

from sezm_infer.conditioning import extra_inputs
from sezm_infer.metadata import Metadata

LARGEST_CHARGE = 3
LARGEST_SPIN = 5
"""Charges of either sign and spins, smallest 0, up to these are drawn: what models have seen."""


def carried_by_structures(metadata: Metadata) -> Metadata:
    """Without the inputs that no structure carries."""
    inputs = tuple(spec for spec in metadata.inputs if spec.name != "wigner")
    return replace(metadata, inputs=inputs)


def given_by_programs(
    n_edges: int, metadata: Metadata, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The inputs that no structure carries.

    A file must compute what the model does from any Wigner matrices, so they are plain random ones.
    """
    width = extra_inputs(metadata).get("wigner")
    if width is None:
        return {}
    matrices = rng.standard_normal((n_edges, width, width), np.float32) / np.sqrt(width)
    return {"wigner": matrices.astype(metadata.dtype)}


def conditioned(atoms: ase.Atoms, metadata: Metadata, rng: np.random.Generator) -> ase.Atoms:
    """A copy that carries random values of all extra inputs of a model.

    Args:
        atoms: plain structure.
        metadata: of the model.
        rng: not used for models without extra inputs.
    """
    atoms = atoms.copy()
    widths = extra_inputs(metadata)
    if "charge_spin" in widths:
        atoms.info["charge"] = int(rng.integers(-LARGEST_CHARGE, LARGEST_CHARGE + 1))
        atoms.info["spin"] = int(rng.integers(0, LARGEST_SPIN + 1))
    if "charge" in widths:
        known = metadata.input_values.get("charge", range(-LARGEST_CHARGE, LARGEST_CHARGE + 1))
        atoms.info["charge"] = int(rng.choice(known))
    if "fparam" in widths:
        usual = metadata.input_defaults.get("fparam", 0.0)
        atoms.info["fparam"] = usual + rng.normal(size=widths["fparam"])
    for name in ("aparam", "spins"):
        if name in widths:
            atoms.set_array(name, rng.normal(size=(len(atoms), widths[name])))
    return atoms
