"""The flat-tensor contract: names, shapes, dtypes and units of every exported file.

The same names stand in ``export/FORMAT.md``, in the exported graphs, and in C++. Export writes
graphs that follow it; sessions read and feed them.

Axes: N atoms, E directed edges, B systems. ``"real"`` is the dtype of the model.

Conventions, for an edge e from source j to target i::

    edge_vec[e] = pos[j] - pos[i] + shift_e @ cell
    forces      = -d(sum_n atom_mask[n] atom_energy[n]) / d(pos)
    virial      = -dE/d(strain) = -sum_e (dE/d edge_vec[e]) (x) edge_vec[e]
    stress      = -virial / volume                                        (as ASE has it)
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT_VERSION = 1
"""Raised whenever a reader of the previous version would misread a file."""

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
        unit: "eV", "Angstrom", "eV/Angstrom" or "" (none).
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    unit: str


INPUTS = (
    TensorSpec("pos", ("N", 3), "real", "Angstrom"),
    TensorSpec("atomic_numbers", ("N",), "int64", ""),
    TensorSpec("batch", ("N",), "int64", ""),
    TensorSpec("natoms", ("B",), "int64", ""),
    TensorSpec("edge_index", (2, "E"), "int64", ""),
    TensorSpec("edge_distance", ("E",), "real", "Angstrom"),
    TensorSpec("edge_vec", ("E", 3), "real", "Angstrom"),
    TensorSpec("atom_mask", ("N",), "real", ""),
)
"""Inputs in the order of the graph's signature."""

OUTPUTS = (
    TensorSpec("energy", ("B",), "float64", "eV"),
    TensorSpec("forces", ("N", 3), "real", "eV/Angstrom"),
    TensorSpec("virial", ("B", 3, 3), "real", "eV"),
    TensorSpec("atom_energy", ("N",), "float64", "eV"),
)
"""Outputs in the order in which the graph returns them."""

ATOM_VIRIAL = TensorSpec("atom_virial", ("N", 3, 3), "real", "eV")
"""Appended to the outputs of files exported with ``--atom-virial``."""
