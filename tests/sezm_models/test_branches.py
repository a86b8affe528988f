"""A name picks one branch of a multitask checkpoint, or is an error."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from file_variants import model_params
from random_checkpoint import build_checkpoint
from sezm_models import CheckpointError, checkpoint_heads
from sezm_models.sezm.branches import select_branch
from stored import read

BRANCHES = {
    "Water": {"model_branch_alias": ["Default", "ice"]},
    "water": {"model_branch_alias": ["h2o"]},
    "H2O": {"model_branch_alias": None},
    "Ice": {"model_branch_alias": ["OIL"]},
    "oil": {},
}


@pytest.mark.parametrize(
    ("head", "branch"),
    [
        ("Water", "Water"),
        ("water", "water"),
        ("H2O", "H2O"),  # a name, though an alias but for its case
        ("h2o", "water"),  # an alias, though a name but for its case
        ("ice", "Water"),
        ("Ice", "Ice"),
        ("OIL", "Ice"),
        ("DEFAULT", "Water"),
        (None, "Water"),
    ],
)
def test_the_exact_name_counts_then_the_exact_alias(head: str | None, branch: str) -> None:
    assert select_branch({"model_dict": BRANCHES}, head) == (BRANCHES[branch], branch)


@pytest.mark.parametrize(("head", "names"), [("WATER", "Water, water"), ("Oil", "Ice, oil")])
def test_a_name_of_several_branches_is_an_error(head: str, names: str) -> None:
    with pytest.raises(CheckpointError, match=f"head '{head}' may be any of {names}; choose"):
        select_branch({"model_dict": BRANCHES}, head)


@pytest.mark.parametrize(
    ("model_dict", "message"),
    [
        (None, "is no table of branches"),
        ([], "is no table of branches"),
        ({}, "is no table of branches"),
        ({"a": None}, "branch 'a' of model_dict holds a NoneType"),
        ({3: {}}, "branch 3 of model_dict"),
        ({"a": {"model_branch_alias": 5}}, "model_branch_alias = 5 of branch 'a'"),
        ({"a": {"model_branch_alias": [5]}}, r"model_branch_alias = \[5\] of branch 'a'"),
    ],
)
def test_what_no_trainer_writes_is_an_error(model_dict: object, message: str) -> None:
    checkpoint = build_checkpoint("multitask")
    model_params(checkpoint)["model_dict"] = model_dict
    with pytest.raises(CheckpointError, match=message):
        read(checkpoint)


def test_the_configuration_has_the_name_of_the_branch() -> None:
    checkpoint = build_checkpoint("multitask")
    assert read(checkpoint).configuration["branch"] == "other"
    assert read(checkpoint, head="h2o").configuration["branch"] == "water"
    assert read(build_checkpoint("tiny")).configuration["branch"] is None


@pytest.mark.parametrize(
    ("name", "kind"), [("multitask", "energy"), ("property_branches", "property")]
)
def test_heads_are_listed_with_their_kinds(name: str, kind: str, tmp_path: Path) -> None:
    checkpoint = copy.deepcopy(build_checkpoint(name))
    torch.save(checkpoint, tmp_path / "model.pt")
    kinds = {head.name: head.kind for head in checkpoint_heads(tmp_path / "model.pt")}
    assert set(kinds) == set(model_params(checkpoint)["model_dict"])
    assert kind in kinds.values()
