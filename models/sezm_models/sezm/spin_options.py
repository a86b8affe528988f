"""The ``spin`` section of a model: which types are magnetic, and by which scheme (sezm.md 3.14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import CheckpointError

NATIVE = "native"
DEEPSPIN = "deepspin"

OPTIONS = ("use_spin", "scheme", "virtual_scale", "allow_missing_label")  # the last: training only


class SpinOptions(NamedTuple):
    """How a model sees magnetic moments.

    Attributes:
        scheme: "native", moments are features of atoms; "deepspin", they are further atoms.
        magnetic: whether each type is.
        virtual_scale: distance of the further atom per unit of spin, Angstrom, of each type; zero
            for types that are not magnetic, and in the native scheme.
    """

    scheme: str
    magnetic: tuple[bool, ...]
    virtual_scale: tuple[float, ...]


def parse_spin(section: Mapping[str, Any] | None, n_types: int) -> SpinOptions | None:
    """The options of a ``spin`` section; None without one.

    Raises:
        CheckpointError: it is not understood; what and why is in the text.
    """
    if not section:
        return None
    unknown = sorted(set(section) - set(OPTIONS))
    if unknown:
        raise CheckpointError(
            f"spin option {unknown[0]!r} (= {section[unknown[0]]!r}) is not known to this "
            "sezm-infer; update sezm-infer, or retrain without it"
        )
    scheme = str(section.get("scheme") or DEEPSPIN).lower()
    if scheme not in (NATIVE, DEEPSPIN):
        raise CheckpointError(
            f"spin option scheme = {scheme!r} is not supported; supported: 'native', 'deepspin'"
        )
    magnetic = _magnetic(section.get("use_spin"), n_types)
    if scheme == NATIVE:
        return SpinOptions(scheme, magnetic, (0.0,) * n_types)
    return SpinOptions(scheme, magnetic, _scales(section.get("virtual_scale"), magnetic))


def _magnetic(value: Any, n_types: int) -> tuple[bool, ...]:
    """A flag for each type, or the numbers of the magnetic types."""
    listed = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else None
    if listed is not None and all(isinstance(entry, bool) for entry in listed):
        if len(listed) == n_types:
            return tuple(listed)
    elif listed is not None and all(
        isinstance(entry, int) and 0 <= entry < n_types for entry in listed
    ):
        return tuple(index in listed for index in range(n_types))
    raise CheckpointError(
        f"spin option use_spin = {value!r} is not supported; supported: a list of {n_types} "
        f"booleans, one for each type, or of type numbers below {n_types}"
    )


def _scales(value: Any, magnetic: tuple[bool, ...]) -> tuple[float, ...]:
    """One number for all types, or a list with one for each type or each magnetic type."""
    n_magnetic = sum(magnetic)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        each = [float(value)] * len(magnetic)
    elif isinstance(value, Sequence) and len(value) == len(magnetic):
        each = [float(scale) for scale in value]
    elif isinstance(value, Sequence) and len(value) == n_magnetic:
        rest = iter(value)
        each = [float(next(rest)) if uses_spin else 0.0 for uses_spin in magnetic]
    else:
        raise CheckpointError(
            f"spin option virtual_scale = {value!r} is not supported; supported: a number, or a "
            f"list of {len(magnetic)} (one for each type) or {n_magnetic} (for each magnetic type)"
        )
    return tuple(scale if uses else 0.0 for scale, uses in zip(each, magnetic, strict=True))
