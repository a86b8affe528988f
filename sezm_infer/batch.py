"""Structures and their edges as the flat tensors of the contract (``export/FORMAT.md``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import ase
import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from .conditioning import conditioning_of
from .errors import SezmError
from .metadata import Metadata
from .neighbors import Edges


def flat_inputs(
    structures: Sequence[ase.Atoms], edges: Sequence[Edges], metadata: Metadata
) -> dict[str, np.ndarray]:
    """The inputs of one call for one or several structures, in the dtype of the file.

    Args:
        structures: B structures.
        edges: those of each structure; their indices count from 0 in each.
        metadata: of the file that is to run.

    Raises:
        SezmError: an element that the model does not know; extra inputs that are missing, not
            taken, or make no sense (see :mod:`~sezm_infer.conditioning`).
    """
    return with_geometry(fixed_inputs(structures, metadata), structures, edges, metadata)


def fixed_inputs(structures: Sequence[ase.Atoms], metadata: Metadata) -> dict[str, np.ndarray]:
    """Those of :func:`flat_inputs` that stay as they are when atoms move.

    Raises:
        SezmError: as there.
    """
    real = np.dtype(metadata.dtype)
    natoms = np.array([len(atoms) for atoms in structures], np.int64)
    numbers = np.concatenate([atoms.numbers for atoms in structures]).astype(np.int64)
    check_elements(numbers, metadata)
    conditioning = [conditioning_of(atoms, metadata) for atoms in structures]
    return {
        "atomic_numbers": numbers,
        "batch": np.repeat(np.arange(len(structures)), natoms),
        "natoms": natoms,
        "atom_mask": np.ones(len(numbers), real),
        **{name: _joined([one[name] for one in conditioning], real) for name in conditioning[0]},
    }


def with_geometry(
    fixed: Mapping[str, np.ndarray],
    structures: Sequence[ase.Atoms],
    edges: Sequence[Edges],
    metadata: Metadata,
) -> dict[str, np.ndarray]:
    """The inputs of :func:`flat_inputs`, given those that stay; in the order of the contract."""
    real = np.dtype(metadata.dtype)
    found = {
        **fixed,
        "pos": _joined([atoms.get_positions() for atoms in structures], real),
        "edge_index": _joined_index([one.index for one in edges], fixed["natoms"]),
        "edge_distance": _joined([one.distances for one in edges], real),
        "edge_vec": _joined([one.vectors for one in edges], real),
    }
    return {spec.name: found[spec.name] for spec in metadata.inputs}


def check_elements(numbers: np.ndarray, metadata: Metadata) -> None:
    """Refuse atoms that the model was not made for.

    Raises:
        SezmError: names the elements, and those that the model knows.
    """
    known = _known(metadata.elements)[numbers]
    if known.all():
        return
    unknown = np.unique(numbers[~known])
    symbols = ", ".join(chemical_symbols[number] for number in unknown)
    raise SezmError(
        f"the structure holds {symbols}, which the model does not know (it knows "
        f"{', '.join(metadata.elements)}); use a model trained for it."
    )


@lru_cache
def _known(elements: tuple[str, ...]) -> np.ndarray:
    """Whether each atomic number is among the elements."""
    table = np.zeros(len(chemical_symbols), bool)
    table[[atomic_numbers[symbol] for symbol in elements]] = True
    return table


def _joined(arrays: Sequence[np.ndarray], real: np.dtype[Any]) -> np.ndarray:
    """Rows of all structures; those of one that are ``real`` as they are."""
    if len(arrays) == 1:
        return arrays[0].astype(real, copy=False)
    return np.concatenate(arrays, dtype=real, casting="same_kind")


def _joined_index(indices: Sequence[np.ndarray], natoms: np.ndarray) -> np.ndarray:
    """Edge indices [2, E] that count through all structures."""
    if len(indices) == 1:
        return indices[0]
    first_atoms = np.cumsum(natoms) - natoms
    return np.concatenate(
        [index + first for index, first in zip(indices, first_atoms, strict=True)], axis=1
    )
