"""Values of options that are supported; others are refused by name (sezm.md 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from ..errors import CheckpointError
from .activation import ACTIVATIONS, activation_by_name
from .charge_spin import LIMITS
from .precision import COMPUTE_DTYPE

PRECISIONS = tuple(COMPUTE_DTYPE)
FITTING_TYPES = ("dpa4_ener", "sezm_ener", "ener", "property")
RESIDUAL_MODES = ("none", "independent", "dependent")

CHOICES: dict[str, tuple[Any, ...]] = {
    "basis_type": ("bessel", "gaussian"),
    "radial_so2_mode": ("none", "degree", "degree_channel"),
    "so3_readout": ("none", "glu", "mlp"),
    "so2_attn_res": RESIDUAL_MODES,
    "full_attn_res": RESIDUAL_MODES,
    "block_attn_res": RESIDUAL_MODES,
    "precision": PRECISIONS,
}

MAX_DEGREE = 20
"""Far above any model in use; constants of much higher degrees take minutes, or do not exist."""

MAX_COUNT = 1000
"""Of layers, heads and the like."""

RANGES = {
    "lmax": (0, MAX_DEGREE),
    "n_blocks": (0, MAX_COUNT),
    "mixing_layers": (0, MAX_COUNT),
    "n_focus": (1, MAX_COUNT),
    "n_atten_head": (0, MAX_COUNT),
    "radial_so2_rank": (0, MAX_COUNT),
    "kmax": (0, MAX_COUNT),
    "extra_node_l": (0, MAX_DEGREE),
    "ffn_blocks": (1, MAX_COUNT),
    "readout_layers": (1, MAX_COUNT),
}


def cartesian_option(value: str | int) -> tuple[str, int]:
    """Mode and layers of ``node_cartesian``: "mode:layers", "mode" or a number of layers."""
    text = str(value).strip().lower()
    if text in ("", "none"):
        return "none", 0
    if text.isdecimal():
        text = f"default:{text}"
    mode, _, layers = text.partition(":")
    is_number = (layers or "1").isdecimal() and len(layers) <= len(str(MAX_COUNT))
    if mode not in ("default", "parity") or not is_number:
        refuse(
            "descriptor", "node_cartesian", value, "'none', 'default:<layers>', 'parity:<layers>'"
        )
    return mode, int(layers or 1)


def check_model_type(params: Mapping[str, Any]) -> None:
    """Refuse models of other families."""
    if str(params.get("type", "dpa4")).lower() not in ("dpa4", "sezm"):
        raise CheckpointError(f"model type {params['type']!r} is not supported; 'dpa4' is")


def check_descriptor(options: Mapping[str, Any]) -> None:
    """Refuse values that are not supported, of complete options with the right types."""
    for option, supported in CHOICES.items():
        if options[option] not in supported:
            refuse("descriptor", option, options[option], _either(supported))
    for option, (least, largest) in RANGES.items():
        if not least <= options[option] <= largest:
            refuse("descriptor", option, options[option], f"{least} to {largest}")
    _refuse_unknown_activation("descriptor", options)
    cartesian_option(options["node_cartesian"])
    if "none" not in (options["full_attn_res"], options["block_attn_res"]):
        value = options["block_attn_res"]
        refuse("descriptor", "block_attn_res", value, "at most one of it and full_attn_res")
    _check_schedules(options)
    default = options["default_chg_spin"]
    uses_default = options["add_chg_spin_ebd"] and default is not None
    if uses_default and not _within(default, LIMITS):
        refuse("descriptor", "default_chg_spin", default, f"charge and spin within {LIMITS}")


def _within(values: Sequence[float], limits: Sequence[tuple[int, int]]) -> bool:
    """Whether there is one value within each pair of limits."""
    return len(values) == len(limits) and all(
        least <= value <= largest for value, (least, largest) in zip(values, limits, strict=True)
    )


def _check_schedules(options: Mapping[str, Any]) -> None:
    degrees, orders = options["l_schedule"], options["m_schedule"]
    if degrees is not None and any(b > a for a, b in pairwise([MAX_DEGREE, *degrees])):
        refuse(
            "descriptor", "l_schedule", degrees, f"degrees up to {MAX_DEGREE} that do not increase"
        )
    if orders is None:
        return
    if degrees is None:
        degrees = [options["lmax"]] * options["n_blocks"]
    if len(orders) != len(degrees) or any(m > d for m, d in zip(orders, degrees, strict=True)):
        refuse("descriptor", "m_schedule", orders, f"one order per block, at most {degrees}")


def check_fitting(kind: str | None, options: Mapping[str, Any]) -> None:
    """As :func:`check_descriptor`, for a fitting net of a type, the default one if None."""
    if kind is not None and kind not in FITTING_TYPES:
        refuse("fitting_net", "type", kind, _either(FITTING_TYPES))
    if options["exclude_types"]:
        refuse("fitting_net", "exclude_types", options["exclude_types"], "none")
    for option in ("numb_fparam", "numb_aparam", "dim_case_embd"):
        if options[option] < 0:
            refuse("fitting_net", option, options[option], ">= 0")
    default, width = options["default_fparam"], options["numb_fparam"]
    if default is not None and len(default) != width:
        refuse("fitting_net", "default_fparam", default, f"none or {width} numbers (numb_fparam)")
    if options["case_film_embd"] and options["dim_case_embd"] == 0:
        refuse("fitting_net", "case_film_embd", True, "False where dim_case_embd is 0")
    _refuse_unknown_activation("fitting_net", options)
    if options["precision"] not in PRECISIONS:
        refuse("fitting_net", "precision", options["precision"], _either(PRECISIONS))


def check_selection(selected: Any) -> None:
    """Refuse a ``sel`` that is no number, of the models that see the nearest neighbours only."""
    numbers = selected if isinstance(selected, (list, tuple)) else [selected]
    if not all(isinstance(n, int) and n >= 0 for n in numbers) or sum(numbers) == 0:
        refuse("descriptor", "sel", selected, "a whole number > 0, or one for each type")


def _refuse_unknown_activation(section: str, options: Mapping[str, Any]) -> None:
    name = options["activation_function"]
    try:
        activation_by_name(name)
    except (KeyError, ValueError):
        refuse(
            section, "activation_function", name, f"{_either(tuple(ACTIVATIONS))} or 'silut:<t>'"
        )


def refuse(section: str, option: str, value: Any, supported: str) -> NoReturn:
    """The error of a value that is not supported, with those that are."""
    raise CheckpointError(
        f"{section} option {option} = {value!r} is not supported; supported: {supported}"
    )


def _either(values: tuple[Any, ...]) -> str:
    return " or ".join(repr(value) for value in values)
