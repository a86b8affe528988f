"""A record is checked when it is read: nothing after that meets a value of a wrong kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conditioned_session import conditioned_metadata
from toy_files import toy_metadata

from sezm_infer import Metadata, SezmError
from sezm_infer.cli.info import summary_rows
from sezm_infer.metadata import StaticSizes

Record = dict[str, Any]

CONDITIONED = conditioned_metadata({"charge_spin": 2, "fparam": 3}, {"fparam": (1.0, 2.0, 3.0)})


def read_changed(change: Callable[[Record], object]) -> Metadata:
    record = json.loads(CONDITIONED.to_json())
    change(record)
    return Metadata.from_json(json.dumps(record), "FILE")


def spec(name: str, shape: list[Any]) -> Record:
    return {"name": name, "shape": shape, "dtype": "real", "unit": ""}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.update(long_range={}), "key 'long_range'"),
        (lambda r: r["inputs"].append(spec("magic", ["B", 1])), "input 'magic'"),
        (lambda r: r["outputs"].append(spec("dipole", ["B", 3])), "output 'dipole'"),
    ],
)
def test_what_is_unknown_is_of_a_newer_version(change: Callable, what: str) -> None:
    with pytest.raises(SezmError, match=rf"FILE: .*{what}.*newer sezm-infer: update sezm-infer"):
        read_changed(change)


def test_values_nested_without_end_are_refused() -> None:
    with pytest.raises(SezmError, match="FILE: its metadata is not JSON"):
        Metadata.from_json("[" * 100_000, "FILE")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(SezmError, match=r"incomplete \(no cutoff\); export it again"):
        read_changed(lambda r: r.pop("cutoff"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cutoff": "6"}, "cutoff is '6'"),
        ({"cutoff": float("nan")}, "cutoff is nan"),
        ({"message_passing_steps": True}, "message_passing_steps"),
        ({"elements": "OH"}, "elements is 'OH'"),
        ({"dtype": "float16"}, "dtype"),
        ({"dtype": ["float32"]}, "dtype"),
        ({"forces_kind": None}, "forces_kind is None"),
        ({"static_sizes": {"atoms": 3}}, "static_sizes"),
        ({"static_sizes": [1, 2]}, "static_sizes"),
        ({"inputs": None}, "inputs is None"),
        ({"inputs": []}, "inputs or outputs"),
        ({"outputs": [3]}, "outputs"),
        ({"input_defaults": None}, "input_defaults is None"),
        ({"input_defaults": []}, "input_defaults"),
        ({"input_defaults": {"fparam": [1, "2", 3]}}, "input_defaults"),
        ({"input_defaults": {"fparam": [1, 2]}}, "2 numbers for fparam"),
        ({"input_defaults": {"aparam": [1]}}, "1 numbers for aparam"),
        ({"input_values": {"charge_spin": []}}, "input_values is"),
        ({"input_values": {"charge_spin": [0, 1]}}, "values for charge_spin"),
        ({"input_values": {"charge": [0]}}, "values for charge"),
        ({"max_neighbors": 0}, "max_neighbors is 0"),
        ({"whole_system": 1}, "whole_system is 1"),
        ({"versions": []}, "versions"),
        ({"verification": None}, "verification"),
        ({"compiled_for": {"torch": "2.13.0"}}, "compiled_for"),
        ({"summary": []}, "summary"),
        ({"summary": {"heads": "one"}}, "summary"),
        ({"summary": {"cost_per_atom": {"multiply_adds": 1}}}, "summary"),
        ({"summary": {"parameters": "many"}}, "summary"),
        ({"summary": {"options": {"descriptor": 1}}}, "summary"),
        ({"summary": {"asked_for": ["dtype"]}}, "summary"),
    ],
)
def test_values_of_a_wrong_kind_are_named(changed: Record, message: str) -> None:
    with pytest.raises(SezmError, match=rf"FILE: .*malformed \(.*{message}"):
        read_changed(lambda r: r.update(changed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["inputs"][-1].update(shape=["B", "K"]), "fparam has"),
        (lambda r: r["inputs"][-1].update(shape=["N", 3]), "fparam has"),
        (lambda r: r["inputs"][-1].update(dtype="int64"), "fparam has dtype int64"),
        (lambda r: r["inputs"][-2].update(shape=["B", 3]), "charge_spin has"),
        (lambda r: r["inputs"].append(spec("wigner", ["E", 9, 4])), "wigner has"),
        (lambda r: r["inputs"].append(spec("wigner", ["E", 9])), "wigner has"),
        (lambda r: r["inputs"].pop(0), "inputs or outputs"),
        (lambda r: r["inputs"].reverse(), "inputs or outputs"),
        (lambda r: r["outputs"].pop(0), "inputs or outputs"),
        (lambda r: r["outputs"][1].update(shape=["N"]), "forces has"),
    ],
)
def test_signatures_are_those_of_the_contract(change: Callable, message: str) -> None:
    with pytest.raises(SezmError, match=rf"malformed \(.*{message}"):
        read_changed(change)


def test_wigner_matrices_are_square() -> None:
    metadata = read_changed(lambda r: r["inputs"].append(spec("wigner", ["E", 9, 9])))
    assert metadata.inputs[-1].shape == ("E", 9, 9)


def test_static_files_may_name_their_sizes_in_shapes() -> None:
    metadata = toy_metadata(static=StaticSizes(30, 900))
    sizes = {"N": 30, "E": 900, "B": 1}
    with_sizes = replace(
        metadata,
        inputs=tuple(
            replace(s, shape=tuple(sizes.get(n, n) if isinstance(n, str) else n for n in s.shape))
            for s in metadata.inputs
        ),
    )
    for each in (metadata, with_sizes):
        assert Metadata.from_json(each.to_json(), "FILE") == each


def test_a_summary_may_lack_anything() -> None:
    summary = {"head": "energy", "size": None}
    metadata = read_changed(lambda r: r.update(summary=summary))
    assert {"predicts", "size"} <= {label for label, _ in summary_rows(metadata)}
