"""Extra inputs of a model, as a structure carries them in ASE.

A model may be conditioned on the charge and spin of a system, on parameters of the frame or of
each atom, and on the spin vectors of magnetic atoms. What a model takes must be there, or have a
default in the file; what it does not take must not be there, for it would be ignored in silence::

    charge_spin   atoms.info["charge"], atoms.info["spin"]     whole numbers
    charge        atoms.info["charge"]                         whole number
    fparam        atoms.info["fparam"]                         [K]
    aparam        atoms.arrays["aparam"]                       [N, K]
    spins         atoms.arrays["spins"]                        [N, 3]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ase
import numpy as np

from .contract import CHARGES, INPUTS, SPINS
from .errors import SezmError
from .metadata import Metadata

INFO_KEYS = {"charge_spin": ("charge", "spin"), "charge": ("charge",), "fparam": ("fparam",)}
"""Keys of ``atoms.info`` that make up an input with one row per system."""

_ALL_INFO_KEYS = tuple(dict.fromkeys(key for keys in INFO_KEYS.values() for key in keys))

ARRAY_KEYS = {"aparam": "aparam", "spins": "spins"}
"""Name in ``atoms.arrays`` of an input with one row per atom."""

LONGEST_VALUE = 60
"""Characters of a value that are shown in an error."""


def conditioning_of(atoms: ase.Atoms, metadata: Metadata) -> dict[str, np.ndarray]:
    """The extra inputs of one structure.

    Args:
        atoms: N atoms.
        metadata: of the model.

    Returns:
        float64, for each extra input of the model: [N, K] of those with one row per atom, [1, K] of
        those with one row per system.

    Raises:
        SezmError: an input is missing and has no default, is given but not taken by the model, has
            a wrong shape, or values that make no sense; the model takes what no structure carries.
    """
    widths = extra_inputs(metadata)
    if "wigner" in widths:
        raise SezmError(
            "this file takes the Wigner matrices of all edges as an input, 'wigner', which no "
            "structure carries; give them to its session from a program of yours (see "
            "export/FORMAT.md), or export without --wigner input."
        )
    taken = {place for name in widths for place in _places(name)}
    carried_places = dict(carried(atoms)).keys()
    for place in carried_places:
        if place not in taken:
            raise SezmError(
                f"the structure has {place}, which this model does not take and would ignore; "
                f"remove it (del {place}), or use a model trained with it."
            )
    return {
        name: np.array([metadata.input_defaults[name]])
        if name in metadata.input_defaults and carried_places.isdisjoint(_places(name))
        else _read(name, atoms, width, metadata)
        for name, width in widths.items()
    }


def extra_inputs(metadata: Metadata) -> dict[str, int]:
    """Names and widths of the inputs that not every model has."""
    return {spec.name: int(spec.shape[1]) for spec in metadata.inputs[len(INPUTS) :]}


def carried(atoms: ase.Atoms) -> Iterator[tuple[str, Any]]:
    """Every part of an extra input that a structure carries, whatever its model takes.

    Yields:
        where it stands, its value.
    """
    for key in _ALL_INFO_KEYS:
        if key in atoms.info:
            yield _in_info(key), atoms.info[key]
    for key in ARRAY_KEYS.values():
        if key in atoms.arrays:
            yield _in_arrays(key), atoms.arrays[key]


def _places(name: str) -> list[str]:
    """Where the parts of an extra input stand."""
    if name in ARRAY_KEYS:
        return [_in_arrays(ARRAY_KEYS[name])]
    return [_in_info(key) for key in INFO_KEYS[name]]


def _in_info(key: str) -> str:
    return f'atoms.info["{key}"]'


def _in_arrays(key: str) -> str:
    return f'atoms.arrays["{key}"]'


def _read(name: str, atoms: ase.Atoms, width: int, metadata: Metadata) -> np.ndarray:
    if name == "charge_spin":
        return _charge_spin(atoms, metadata.input_defaults.get(name))
    if name == "charge":
        return _charge(atoms, metadata.input_values.get(name))
    if name == "fparam":
        return _fparam(atoms, width)
    return _per_atom(name, atoms, width)


def _charge(atoms: ase.Atoms, known: tuple[float, ...] | None) -> np.ndarray:
    """[1, 1]; one of those that the model knows."""
    if "charge" not in atoms.info:
        raise _missing("the total charge", _in_info("charge"))
    charge = _whole("charge", atoms, CHARGES)
    if known is not None and charge not in known:
        names = ", ".join(f"{value:g}" for value in known)
        raise SezmError(
            f"{_in_info('charge')} is {charge:g}; the model was trained on systems of charge "
            f"{names}, and knows no other."
        )
    return np.array([[charge]])


def _charge_spin(atoms: ase.Atoms, default: tuple[float, ...] | None) -> np.ndarray:
    """[1, 2]; the default, if there is one, is for the text of an error alone."""
    missing = [key for key in INFO_KEYS["charge_spin"] if key not in atoms.info]
    if missing:
        only_both = "" if default is None else _default_text(default)
        raise SezmError(
            "the model is conditioned on charge and spin, and the structure has no "
            f"{' and no '.join(missing)}; set both as the training data had them, "
            f'for instance atoms.info["charge"] = 0 and atoms.info["spin"] = 1.{only_both}'
        )
    return np.array([[_whole("charge", atoms, CHARGES), _whole("spin", atoms, SPINS)]])


def _default_text(default: tuple[float, ...]) -> str:
    charge, spin = default
    return (
        f" The model's default, charge {charge:g} and spin {spin:g}, holds only if both are absent."
    )


def _whole(key: str, atoms: ase.Atoms, limits: tuple[int, int]) -> float:
    """A whole number within limits, of ``atoms.info``."""
    value = atoms.info[key]
    numbers = _numbers(value)
    number = np.nan if numbers is None or numbers.shape not in ((), (1,)) else numbers.item()
    smallest, largest = limits
    if not (float(number).is_integer() and smallest <= number <= largest):
        raise SezmError(
            f'atoms.info["{key}"] is {_one_line(value)}; use a whole number from {smallest} to '
            f"{largest}."
        )
    return number


def _fparam(atoms: ase.Atoms, width: int) -> np.ndarray:
    """[1, K]."""
    place = _in_info("fparam")
    if "fparam" not in atoms.info:
        raise _missing(f"{width} frame parameters", place)
    values = _finite(place, atoms.info["fparam"])
    if width == 1 and values.shape == ():  # one number need not be a list
        values = values.reshape(1)
    if values.shape != (width,):
        raise SezmError(f"{place} has shape {values.shape}; the model takes {(width,)}.")
    return values.reshape(1, width)


def _per_atom(name: str, atoms: ase.Atoms, width: int) -> np.ndarray:
    """[N, K]."""
    key = ARRAY_KEYS[name]
    place = _in_arrays(key)
    if key not in atoms.arrays:
        raise _missing(f"{width} numbers for each atom", place)
    values = _finite(place, atoms.arrays[key])
    shape = (len(atoms), width)
    if width == 1 and values.shape == shape[:1]:  # as ASE reads a single column
        values = values.reshape(shape)
    if values.shape != shape:
        raise SezmError(f"{place} has shape {values.shape}; the model takes {shape}.")
    return values


def _missing(what: str, place: str) -> SezmError:
    return SezmError(
        f"the model takes {what}, and the structure has no {place}; set it, as the training data "
        "had it."
    )


def _finite(place: str, value: Any) -> np.ndarray:
    """Numbers; of those that are not finite, names the first row: an atom, or a frame parameter."""
    values = _numbers(value)
    if values is None:
        raise SezmError(f"{place} is {_one_line(value)}; use numbers, or remove it (del {place}).")
    rows = np.atleast_1d(values)
    bad = np.flatnonzero(~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1))
    if len(bad):
        raise SezmError(f"{place}, entry {bad[0]}, is {rows[bad[0]].tolist()}: use finite numbers.")
    return values


def _numbers(value: Any) -> np.ndarray | None:
    """As float64, if it is made of real numbers: not of text, complex numbers or None."""
    try:
        values = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return values.astype(float) if values.dtype.kind in "biuf" else None


def _one_line(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
