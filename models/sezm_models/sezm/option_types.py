"""Types of the options' values; what they may say is decided where they are read.

A training input is checked by the trainer, but a file may have been written by other hands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import CheckpointError

Test = Callable[[Any], bool]


class Kind(NamedTuple):
    """A test of a value, and what it demands, in words."""

    fits: Test
    text: str


def whole(least: int = 0) -> Kind:
    """A whole number."""
    return Kind(lambda v: type(v) is int and v >= least, f"a whole number, at least {least}")


def optional(kind: Kind) -> Kind:
    """None, or what another kind demands."""
    return Kind(lambda v: v is None or kind.fits(v), f"{kind.text}, or none")


def listed(kind: Kind, length: int | None = None) -> Kind:
    """A list of what another kind demands."""

    def fits(v: Any) -> bool:
        is_list = isinstance(v, list | tuple) and (length is None or len(v) == length)
        return is_list and all(kind.fits(entry) for entry in v)

    count = "" if length is None else f"{length} entries, "
    return Kind(fits, f"a list: {count}each {kind.text}")


def either(a: Kind, b: Kind) -> Kind:
    """What one of two kinds demands."""
    return Kind(lambda v: a.fits(v) or b.fits(v), f"{a.text}, or {b.text}")


def _is_real(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


FLAG = Kind(lambda v: isinstance(v, bool), "true or false")
TEXT = Kind(lambda v: isinstance(v, str), "a name")
REAL = Kind(_is_real, "a number")
POSITIVE = Kind(lambda v: _is_real(v) and v > 0, "a number above 0")
ANY = Kind(lambda v: True, "anything")
RECORD = Kind(lambda v: isinstance(v, Mapping), "a record")
PAIRS = listed(listed(whole(), 2))
DEGREES = optional(listed(whole()))

DESCRIPTOR = {
    "sel": ANY,  # a number, a list, "auto:1.1"; its use is checked where it limits neighbours
    "rcut": POSITIVE,
    "env_exp": listed(whole(1), 2),
    "channels": whole(1),
    "n_radial": whole(1),
    "radial_mlp": listed(whole()),
    "node_cartesian": either(TEXT, whole()),
    "lmax": whole(),
    "l_schedule": DEGREES,
    "mmax": optional(whole()),
    "m_schedule": DEGREES,
    "focus_dim": whole(),
    "ffn_neurons": whole(),
    "grid_mlp": either(FLAG, listed(FLAG, 3)),
    "grid_branch": either(whole(), listed(whole(), 3)),
    "sandwich_norm": listed(FLAG, 4),
    "s2_activation": listed(FLAG, 2),
    "default_chg_spin": optional(listed(REAL)),
    "lebedev_quadrature": either(FLAG, listed(FLAG, 2)),
    "exclude_types": PAIRS,
    "eps": POSITIVE,
}

FITTING = {
    "neuron": listed(whole()),
    "default_fparam": optional(listed(REAL)),
    "atom_ener": optional(listed(optional(REAL))),
    "exclude_types": listed(whole()),
}

PROPERTY = {
    "neuron": listed(whole()),
    "default_fparam": optional(listed(REAL)),
    "task_dim": whole(1),
    "exclude_types": listed(whole()),
}

MODEL = {
    "type": TEXT,
    "type_map": listed(TEXT),
    "descriptor": RECORD,
    "fitting_net": RECORD,
    "spin": optional(RECORD),
    "pair_exclude_types": optional(PAIRS),
    "atom_exclude_types": optional(listed(whole())),
    "bridging_method": optional(TEXT),
    "bridging_r_inner": POSITIVE,
    "bridging_r_outer": POSITIVE,
}


def check_names(section: str, options: Mapping[Any, Any]) -> None:
    """Refuse options, also within sections and lists, whose names are no text.

    Raises:
        CheckpointError: names the section and the option.
    """
    for option, value in options.items():
        if not isinstance(option, str):
            raise CheckpointError(
                f"{section} option {option!r}: expected a name; get a good copy of the checkpoint"
            )
        for entry in value if isinstance(value, list | tuple) else (value,):
            if isinstance(entry, Mapping):
                check_names(option, entry)


def check_types(
    section: str,
    options: Mapping[str, Any],
    kinds: Mapping[str, Kind],
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Refuse values of a wrong type.

    Args:
        section: of the training input, for the error.
        options: to check.
        kinds: of options; others have the type of their default, if that is a flag, a whole number
            (signs are checked where it is read) or a text.
        defaults: of the section.

    Raises:
        CheckpointError: names option, value, and what is expected.
    """
    by_default = {bool: FLAG, int: Kind(lambda v: type(v) is int, "a whole number"), str: TEXT}
    for option, value in options.items():
        default = None if defaults is None else defaults.get(option)
        kind = kinds.get(option, by_default.get(type(default)))
        if kind is not None and not kind.fits(value):
            raise CheckpointError(
                f"{section} option {option} = {value!r}: expected {kind.text}; no trainer writes "
                "this, get a good copy of the checkpoint"
            )
