"""Structures in files of any format that ASE knows."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import ase
import ase.io
import numpy as np
from ase.calculators.calculator import all_properties
from ase.calculators.singlepoint import SinglePointCalculator

from .errors import SezmError
from .files import atomic_output


def read_structures(path: Path, last_only: bool = False) -> list[ase.Atoms]:
    """All frames of a file, or its last one.

    Raises:
        SezmError: missing, empty, or nothing that ASE can read.
    """
    if not path.is_file():
        raise SezmError(f"{path}: no such file.")
    try:
        frames = ase.io.read(path, index="-1:" if last_only else ":")
    except Exception as error:  # each of ASE's many readers fails in its own way
        detail = " ".join(str(error).split()) or type(error).__name__
        raise SezmError(
            f"{path}: ASE cannot read it as a structure ({detail}); check the file and its suffix."
        ) from None
    if not frames:
        raise SezmError(f"{path}: the file holds no structure.")
    return list(frames)


def writable_format(path: Path) -> str:
    """ASE's name for the format of an output file.

    Raises:
        SezmError: the suffix belongs to no format that ASE can write.
    """
    try:
        name = ase.io.formats.filetype(str(path), read=False)
        can_write = ase.io.formats.ioformats[name].can_write
    except (ase.io.formats.UnknownFileTypeError, KeyError):
        can_write = False
    if not can_write:
        raise SezmError(
            f"{path}: no format that ASE writes has the suffix {path.suffix!r}; use .extxyz."
        )
    return name


def require_arrays_kept(path: Path, names: Collection[str]) -> None:
    """Refuse formats that would drop numbers of atoms beyond those that ASE has a name for.

    Args:
        path: to be written, in a format that ASE writes.
        names: of the arrays.

    Raises:
        SezmError: there are such arrays, and the format is not extended XYZ.
    """
    if names and writable_format(path) != "extxyz":
        raise SezmError(f"{path}: this format keeps no {', '.join(names)} of atoms; use .extxyz.")


def write_structures(path: Path, frames: list[ase.Atoms]) -> None:
    """Write frames with their results, all or nothing.

    Raises:
        SezmError: the file cannot be written, or not in this format.
    """
    name = writable_format(path)
    with atomic_output(path) as temporary:
        try:
            ase.io.write(temporary, frames, format=name)
        except Exception as error:  # as above
            detail = " ".join(str(error).split()) or type(error).__name__
            raise SezmError(f"{path}: ASE cannot write it ({detail}); use .extxyz.") from None


def with_results(atoms: ase.Atoms, **results: object) -> ase.Atoms:
    """A copy of ``atoms`` that carries results, and no live calculator.

    Those that ASE has a name for stand in its calculator; others, as ``magnetic_forces``, in the
    arrays of the structure.
    """
    frame = atoms.copy()
    known = {name: value for name, value in results.items() if name in all_properties}
    for name in results.keys() - known.keys():
        frame.set_array(name, np.asarray(results[name]))
    frame.calc = SinglePointCalculator(frame, **known)
    return frame
