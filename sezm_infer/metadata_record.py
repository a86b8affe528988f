"""The JSON record of a file, checked once: nothing after it meets a value of a wrong kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .contract import (
    ATOM_VIRIAL,
    CONDITIONING_AXES,
    INPUTS,
    MAGNETIC_FORCES,
    OUTPUTS,
    TensorSpec,
    conditioning_shape,
)
from .errors import SezmError

FORCES_KINDS = ("conservative", "direct", "none")

DTYPES = ("float32", "float64")

FIXED_WIDTHS = {"charge_spin": 2, "charge": 1, "spins": 3}

KNOWN_INPUTS = {spec.name: spec for spec in INPUTS} | {
    name: TensorSpec(name, conditioning_shape(name, FIXED_WIDTHS.get(name, "K")), "real", "")
    for name in CONDITIONING_AXES
}
"""In the order of the graph; K is any whole number."""

KNOWN_OUTPUTS = {spec.name: spec for spec in (*OUTPUTS, MAGNETIC_FORCES, ATOM_VIRIAL)}


def check_record(record: Mapping[str, Any], known: set[str], required: set[str], path: str) -> None:
    """Check every value of a record of format version 1.

    Args:
        record: without ``format`` and ``format_version``.
        known: keys that it may have.
        required: those that it must have.
        path: of the file, for errors.

    Raises:
        SezmError: a key, input or output is unknown, missing or not what the format has.
    """
    for what, names in (
        ("key", record.keys() - known),
        ("input", _names(record.get("inputs")) - KNOWN_INPUTS.keys()),
        ("output", _unknown_outputs(record)),
    ):
        if names:
            raise SezmError(
                f"{path}: its metadata has the {what} {min(names)!r}, which this sezm-infer does "
                "not know; the file was written by a newer sezm-infer: update sezm-infer."
            )
    missing = required - record.keys()
    if missing:
        raise SezmError(f"{path}: its metadata is incomplete (no {min(missing)}); export it again.")
    for key, value in record.items():
        if not CHECKS[key](value):
            shown = " ".join(repr(value).split())[:60]
            raise _malformed(path, f"{key} is {shown}")
    problem = _signature_problem(record)
    if problem:
        raise _malformed(path, problem)


def _malformed(path: str, problem: str) -> SezmError:
    return SezmError(f"{path}: its metadata is malformed ({problem}); export it again.")


def _names(specs: Any) -> set[str]:
    """Of what looks like specs; the rest is found malformed later."""
    listed = specs if isinstance(specs, list) else []
    names = (spec.get("name") for spec in listed if isinstance(spec, dict))
    return {name for name in names if isinstance(name, str)}


def _unknown_outputs(record: Mapping[str, Any]) -> set[str]:
    """A checkpoint that predicts a property has an output of the property's name."""
    if record.get("forces_kind") == "none":
        return set()
    return _names(record.get("outputs")) - KNOWN_OUTPUTS.keys()


def _signature_problem(record: Mapping[str, Any]) -> str:
    """What is wrong with inputs, outputs and defaults, each of the right type; "" if nothing."""
    sizes = record["static_sizes"]
    axes = {}
    if sizes is not None:
        axes = {"N": sizes["atoms"], "E": sizes["edges"], "B": sizes["systems"]}
    groups = [(record["inputs"], KNOWN_INPUTS, {spec.name for spec in INPUTS})]
    if record.get("forces_kind") != "none":
        groups.append((record["outputs"], KNOWN_OUTPUTS, {"energy", "forces", "atom_energy"}))
    for specs, known, required in groups:
        names = [spec["name"] for spec in specs]
        if names != [name for name in known if name in names] or not required <= set(names):
            return f"inputs or outputs are {', '.join(names)[:200]}"
        for spec in specs:
            if not _fits(spec, known[spec["name"]], axes):
                return f"{spec['name']} has dtype {spec['dtype']} and shape {spec['shape']}"
    widths = {spec["name"]: spec["shape"][1] for spec in record["inputs"][len(INPUTS) :]}
    for name, values in record.get("input_defaults", {}).items():
        if len(values) != widths.get(name):
            return f"input_defaults has {len(values)} numbers for {name}"
    for name in record.get("input_values", {}):
        if widths.get(name) != 1:
            return f"input_values has values for {name}"
    return ""


def _fits(spec: Mapping[str, Any], known: TensorSpec, axes: Mapping[str, int]) -> bool:
    """Whether a spec is the contract's, its axes as letters or, in static files, as sizes."""
    shape = spec["shape"]
    widths = {found for found, wanted in zip(shape, known.shape, strict=False) if wanted == "K"}
    return (
        spec["dtype"] == known.dtype
        and len(shape) == len(known.shape)
        and len(widths) <= 1
        and all(
            _is_count(found) if wanted == "K" else found in (wanted, axes.get(str(wanted), wanted))
            for found, wanted in zip(shape, known.shape, strict=True)
        )
    )


Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_count(value: Any) -> bool:
    return _is_whole(value) and value > 0


def _is_file_name(value: Any) -> bool:
    """Of a file in the same folder: a record must not lead anywhere else."""
    return _is_text(value) and value not in ("", ".", "..") and not set(value) & set("/\\\0")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _with_all(checks: Mapping[str, Check], others: bool = False) -> Check:
    """With all of these keys; with others, too, if they are allowed."""
    return lambda value: (
        isinstance(value, dict)
        and (checks.keys() <= value.keys() if others else checks.keys() == value.keys())
        and all(check(value[key]) for key, check in checks.items())
    )


def _with_any(checks: Mapping[str, Check]) -> Check:
    """With any of these keys, or others."""
    return lambda value: (
        isinstance(value, dict)
        and all(check(value[key]) for key, check in checks.items() if key in value)
    )


_SPECS = _list_of(
    _with_all(
        {
            "name": _is_text,
            "shape": _list_of(lambda length: _is_text(length) or _is_whole(length)),
            "dtype": _is_text,
            "unit": _is_text,
        }
    )
)

_COST = {"multiply_adds": _is_number, "memory_bytes": _is_number, "edges_per_atom": _is_whole}

_SUMMARY = {
    "heads": _list_of(_is_text),
    "head": _is_text,
    "spin": _or_null(_is_text),
    "size": _or_null(_is_text),
    "version": _is_number,
    "parameters": _is_whole,
    "cost_per_atom": _with_all(_COST, others=True),
    "options": _object_of(_is_object),
    "asked_for": _object_of(_is_text),
}

_COMPILED_FOR = {
    "torch": _is_text,
    "device": _one_of("cpu"),
    "system": _is_text,
    "machine": _is_text,
    "cpu_features": _list_of(_is_text),
    "portable_file": _is_file_name,
}

CHECKS: dict[str, Check] = {
    "family": _is_text,
    "configuration": _is_object,
    "elements": _list_of(_is_text),
    "cutoff": lambda value: _is_number(value) and value > 0,
    "message_passing_steps": _is_whole,
    "dtype": _one_of(*DTYPES),
    "static_sizes": _or_null(
        _with_all({"atoms": _is_count, "edges": _is_whole, "systems": _is_count})
    ),
    "inputs": _SPECS,
    "outputs": _SPECS,
    "checkpoint_sha256": _is_text,
    "forces_kind": _one_of(*FORCES_KINDS),
    "input_defaults": _object_of(_list_of(_is_number)),
    "input_values": _object_of(lambda value: _list_of(_is_number)(value) and value != []),
    "max_neighbors": _or_null(_is_count),
    "whole_system": lambda value: isinstance(value, bool),
    "stages": _or_null(_list_of(_with_all({"carried": _is_whole, "sent": _is_count}))),
    "versions": _object_of(_is_text),
    "verification": _is_object,
    "summary": _with_any(_SUMMARY),
    "compiled_for": _or_null(_with_all(_COMPILED_FOR)),
}
"""By key of the record: whether a value is of the right kind."""
