"""The flat-tensor contract: names, shapes, dtypes and units of every exported file.

The same names stand in ``export/FORMAT.md``, in the exported graphs, and in C++. Export writes
graphs that follow it; sessions read and feed them.

Axes: N atoms, E directed edges, B systems. ``"real"`` is the dtype of the model.

Conventions, for an edge e from source j to target i::

    edge_vec[e] = pos[j] - pos[i] + shift_e @ cell
    forces      = -d(sum_n atom_mask[n] atom_energy[n]) / d(pos)
    virial      = -dE/d(strain) = -sum_e (dE/d edge_vec[e]) (x) edge_vec[e]
    stress      = -virial / volume                                        (as ASE has it)

    magnetic_forces = -d(sum_n atom_mask[n] atom_energy[n]) / d(spins)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .errors import SezmError

FORMAT_VERSION = 1
"""Raised whenever a reader of the previous version would misread a file. Version 1 is not frozen
before release 1.0: until then it may gain metadata keys, inputs and outputs, and a reader must
refuse those that it does not know."""

METADATA_KEY = "sezm_metadata"
"""Key in ONNX ``metadata_props``; with ``.json`` the name of the TorchScript extra file."""

PADDING_ATOMIC_NUMBER = 0
"""Atomic number of padding atoms (``atom_mask`` 0)."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of an exported graph.

    Attributes:
        name: name in the graph.
        shape: one entry per axis: a length, or the letter of a size (N, E, B).
        dtype: "real" (the model's dtype), "float64" or "int64".
        unit: as in FORMAT.md; "" for none, or for what is as the training data had it.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    unit: str


INPUTS: tuple[TensorSpec, ...] = (
    TensorSpec("pos", ("N", 3), "real", "Angstrom"),
    TensorSpec("atomic_numbers", ("N",), "int64", ""),
    TensorSpec("batch", ("N",), "int64", ""),
    TensorSpec("natoms", ("B",), "int64", ""),
    TensorSpec("edge_index", (2, "E"), "int64", ""),
    TensorSpec("edge_distance", ("E",), "real", "Angstrom"),
    TensorSpec("edge_vec", ("E", 3), "real", "Angstrom"),
    TensorSpec("atom_mask", ("N",), "real", ""),
)
"""Inputs of every file, in the order of the graph's signature."""

CONDITIONING_AXES = {
    "charge_spin": "B",
    "charge": "B",
    "fparam": "B",
    "aparam": "N",
    "spins": "N",
    "wigner": "E",
}
"""Inputs that only some files have, after ``INPUTS`` and in this order: real, with one row per
system (B) or atom (N) or one square matrix per edge (E), of a width that the model sets."""


def conditioning_shape(name: str, width: int | str) -> tuple[int | str, ...]:
    """Shape of an input that only some files have.

    Args:
        name: one of ``CONDITIONING_AXES``.
        width: of a row, or of a square matrix.
    """
    axis = CONDITIONING_AXES[name]
    return (axis, width, width) if axis == "E" else (axis, width)


CHARGES = (-100, 99)
SPINS = (0, 99)
"""Smallest and largest total charge and spin: what models have a table for. A file's metadata may
narrow them down."""

OUTPUTS: tuple[TensorSpec, ...] = (
    TensorSpec("energy", ("B",), "float64", "eV"),
    TensorSpec("forces", ("N", 3), "real", "eV/Angstrom"),
    TensorSpec("virial", ("B", 3, 3), "real", "eV"),
    TensorSpec("atom_energy", ("N",), "float64", "eV"),
)
"""Outputs of files with conservative forces, in the order in which the graph returns them; files
with direct forces have no virial."""

MAGNETIC_FORCES = TensorSpec("magnetic_forces", ("N", 3), "real", "eV per unit of spin")
"""Appended to the outputs of files that take ``spins``."""

ATOM_VIRIAL = TensorSpec("atom_virial", ("N", 3, 3), "real", "eV")
"""Appended to the outputs of files exported with ``--atom-virial``."""


class Signature(NamedTuple):
    """Inputs and outputs of a file, each in order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def signature(
    conditioning: Mapping[str, int], forces_kind: str, *, atom_virial: bool = False
) -> Signature:
    """What the file of a model takes and gives.

    Args:
        conditioning: width of each input that the model takes beyond those of every file, by names
            of ``CONDITIONING_AXES``.
        forces_kind: "conservative" or "direct".
        atom_virial: with the virial of each atom.

    Raises:
        SezmError: ``atom_virial`` of a model that has no virial.
    """
    extra_inputs = tuple(
        TensorSpec(name, conditioning_shape(name, conditioning[name]), "real", "")
        for name in CONDITIONING_AXES
        if name in conditioning
    )
    if forces_kind == "direct":
        if atom_virial:
            raise SezmError(
                "the model gives forces directly, not as the derivative of its energy, so there is "
                "no virial; export it without --atom-virial."
            )
        return Signature(INPUTS + extra_inputs, tuple(s for s in OUTPUTS if s.name != "virial"))
    outputs = OUTPUTS
    if "spins" in conditioning:
        outputs += (MAGNETIC_FORCES,)
    if atom_virial:
        outputs += (ATOM_VIRIAL,)
    return Signature(INPUTS + extra_inputs, outputs)
