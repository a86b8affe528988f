"""Layers are written and read in DeePMD-kit's backend-neutral form, exactly as it has it."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import numpy as np
import pytest
import sezm_models.sezm as layers
import torch
from layer_cases import LAYERS
from random_checkpoint import DATA
from sezm_models import CheckpointError

TOLERANCE = 1e-12


@cache
def _arrays() -> dict[str, np.ndarray]:
    with np.load(DATA / "layers.npz") as data:
        return dict(data)


def recorded(name: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """``serialize()`` of DeePMD-kit's layer, an input and its output."""
    record = json.loads((DATA / "layers.json").read_text())[name]
    prefix = f"{name}/variables/"
    record["@variables"] = {
        key.removeprefix(prefix): value.copy()
        for key, value in _arrays().items()
        if key.startswith(prefix)
    }
    return record, _arrays()[f"{name}/x"], _arrays()[f"{name}/y"]


def read(record: dict[str, Any]) -> torch.nn.Module:
    return getattr(layers, record["@class"]).deserialize(record)


def assert_equal_records(a: dict[str, Any], b: dict[str, Any]) -> None:
    a, b = dict(a), dict(b)
    arrays_a, arrays_b = a.pop("@variables"), b.pop("@variables")
    assert a == b
    assert arrays_a.keys() == arrays_b.keys()
    for key, value in arrays_a.items():
        assert value.dtype == arrays_b[key].dtype, key
        np.testing.assert_array_equal(value, arrays_b[key])


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_deepmd_kit_gives_its_output(name: str) -> None:
    record, x, y = recorded(name)
    found = read(record)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, y, rtol=0, atol=TOLERANCE * np.abs(y).max())


@pytest.mark.parametrize("name", LAYERS)
def test_writing_what_was_read_gives_an_equal_record(name: str) -> None:
    record, _, _ = recorded(name)
    assert_equal_records(read(record).serialize(), record)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_made_here_is_written_in_the_same_form(name: str) -> None:
    record, _, _ = recorded(name)
    kind, options, _ = LAYERS[name]
    options = {key: value for key, value in options.items() if key != "lebedev_quadrature"}
    written = getattr(layers, kind)(**options, dtype=torch.float64).serialize()
    assert written["@variables"].keys() == record["@variables"].keys()
    if kind == "EquivariantFFN":
        del written["config"]["lebedev_quadrature"], record["config"]["lebedev_quadrature"]
    assert written["config"] == record["config"]


def test_half_precision_is_promoted() -> None:
    record, x, _ = recorded("ffn_gated")
    record["config"]["precision"] = "bfloat16"
    layer = read(record)
    assert layer(torch.from_numpy(x).float()).dtype == torch.float32
    assert layer.serialize()["config"]["precision"] == "float32"


DAMAGES = {
    "class": (lambda r: r.update({"@class": "SO2Linear"}), "expected 'EquivariantFFN'"),
    "version": (lambda r: r.update({"@version": 2}), "at most of version 1"),
    "keyword": (lambda r: r["config"].update(warp=9), "keyword 'warp'"),
    "precision": (lambda r: r["config"].update(precision="int8"), "this precision"),
    "value": (lambda r: r["config"].update(lmax="two"), "bad configuration"),
    "missing": (lambda r: r["@variables"].pop("so3_linear_2.weight"), "lacks the variable"),
    "extra": (lambda r: r["@variables"].update(bonus=np.zeros(1)), "'bonus'"),
    "shape": (
        lambda r: r["@variables"].update({"so3_linear_2.weight": np.zeros((1, 2))}),
        r"has shape \[1, 2\], expected \[3, 6, 4\]",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_record_that_does_not_fit_is_refused(damage: str) -> None:
    change, message = DAMAGES[damage]
    record = copy.deepcopy(recorded("ffn_gated")[0])
    change(record)
    with pytest.raises(CheckpointError, match=message):
        layers.EquivariantFFN.deserialize(record)
