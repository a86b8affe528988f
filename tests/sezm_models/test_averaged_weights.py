"""Averaged weights: in files of their own, and beside the ordinary ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from deviation_log import note_file_form
from file_variants import build_variant
from neutral_files import write_neutral_file
from random_checkpoint import build_checkpoint
from sezm_models import CheckpointError, read_checkpoint
from stored import assert_same, read, with_averages


@pytest.mark.parametrize(("name", "head"), [("tiny", None), ("multitask", "water")])
def test_averages_beside_the_weights_equal_the_separate_file(name: str, head: str | None) -> None:
    checkpoint, separate = with_averages(build_checkpoint(name))
    averaged, plain = read(checkpoint, head=head, ema=True), read(checkpoint, head=head)
    assert_same(averaged, read(separate, head=head))
    assert_same(plain, read(build_checkpoint(name), head=head))
    assert averaged.configuration["ema"] is True and plain.configuration["ema"] is False
    assert not torch.equal(next(averaged.parameters()), next(plain.parameters()))
    note_file_form("averaged weights (EMA) beside the ordinary ones, chosen by `--ema`")
    note_file_form("averaged weights (EMA) in a file of their own")


def test_averaged_adapters_are_folded() -> None:
    checkpoint, separate = with_averages(build_variant("lora_mini"))
    assert_same(read(checkpoint, ema=True), read(separate))


def test_averages_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no section 'ema'; leave --ema out"):
        read(build_checkpoint("tiny"), ema=True)
    with pytest.raises(CheckpointError, match=r"no section 'ema'; leave --ema out"):
        read_checkpoint(write_neutral_file("tiny", tmp_path / "model.dp"), ema=True)


def test_averages_of_another_model_are_an_error() -> None:
    checkpoint, _ = with_averages(build_checkpoint("tiny"))
    names = checkpoint["ema"]["model"]
    names["atomic_model.descriptor.extra.weight"] = torch.zeros(1)
    with pytest.raises(CheckpointError, match=r"alone has the parameter 'descriptor\.extra"):
        read(checkpoint, ema=True)
    del names["atomic_model.descriptor.extra.weight"]
    del names["atomic_model.descriptor.radial_basis.adam_freqs"]
    with pytest.raises(CheckpointError, match=r"lacks the parameter 'descriptor\.radial"):
        read(checkpoint, ema=True)
