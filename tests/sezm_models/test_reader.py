"""Checkpoints are read strictly, in all their layouts, and no code in them runs."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import pytest
import torch
from deviation_log import note_file_form
from random_checkpoint import build_checkpoint
from sezm_models import CheckpointError, read_checkpoint

PREFIX = "model.Default.atomic_model."


def saved(content, path: Path) -> Path:
    torch.save(content, path)
    return path


@pytest.fixture
def tiny() -> dict:
    return build_checkpoint("tiny")


def params(checkpoint: dict) -> dict:
    return checkpoint["model"]["_extra_state"]["model_params"]


def refused(content, tmp_path: Path, match: str, **options) -> None:
    with pytest.raises(CheckpointError, match=match) as error:
        read_checkpoint(saved(content, tmp_path / "model.ckpt.pt"), **options)
    assert "\n" not in str(error.value) and "model.ckpt.pt" in str(error.value)


def test_trainer_layout_and_bare_state_dict_are_the_same_model(tiny: dict, tmp_path: Path) -> None:
    full = read_checkpoint(saved(tiny, tmp_path / "full.pt"))
    bare = read_checkpoint(saved(tiny["model"], tmp_path / "bare.pt"))
    for a, b in zip(full.parameters(), bare.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert full.elements == ("O", "H") and full.cutoff == 6.0 and full.dtype == torch.float32
    note_file_form("the trainer's checkpoint")
    note_file_form("bare state dict")


def test_missing_weight_names_key_and_shape(tiny: dict, tmp_path: Path) -> None:
    del tiny["model"][PREFIX + "descriptor.blocks.0.so2_conv.attn_q_proj.weight"]
    refused(
        tiny, tmp_path, r"'descriptor.blocks.0.so2_conv.attn_q_proj.weight' of shape \[16, 16\]"
    )


def test_misshaped_weight_names_found_and_expected_shape(tiny: dict, tmp_path: Path) -> None:
    key = PREFIX + "descriptor.radial_basis.adam_freqs"
    tiny["model"][key] = torch.zeros(1, 5)
    refused(tiny, tmp_path, r"adam_freqs' has shape \[1, 5\], expected \[1, \d+\]")


def test_weight_that_is_not_finite_is_refused(tiny: dict, tmp_path: Path) -> None:
    tiny["model"][PREFIX + "descriptor.radial_basis.adam_freqs"][0, 0] = float("nan")
    refused(tiny, tmp_path, "not finite")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("basis_type", "chebyshev"),
        ("activation_function", "swish"),
        ("l_schedule", [1, 2]),
        ("m_schedule", [1, 2]),
        ("mixing_layers", -1),
        ("node_cartesian", "mixed:2"),
        ("precision", "int8"),
    ],
)
def test_unsupported_option_is_refused_by_name(
    tiny: dict, tmp_path: Path, option: str, value
) -> None:
    params(tiny)["descriptor"][option] = value
    refused(tiny, tmp_path, f"{option} = .* is not supported; supported: ")


def test_unknown_option_is_refused_by_name(tiny: dict, tmp_path: Path) -> None:
    params(tiny)["descriptor"]["warp_factor"] = 9
    refused(tiny, tmp_path, "'warp_factor' .* is not known")


def test_newer_version_is_refused(tiny: dict, tmp_path: Path) -> None:
    tiny["model"][PREFIX + "descriptor.version_tensor"] = torch.tensor(2.0, dtype=torch.float64)
    refused(tiny, tmp_path, "version 2 is newer than 1.2")


def test_types_that_are_not_elements_are_refused(tiny: dict, tmp_path: Path) -> None:
    params(tiny)["type_map"] = ["OW", "HW"]
    refused(tiny, tmp_path, "'OW' is not a chemical symbol")


def test_unknown_head_lists_the_heads(tmp_path: Path) -> None:
    checkpoint = build_checkpoint("multitask")
    refused(
        checkpoint,
        tmp_path,
        "head 'ice' does not exist; choose --head from: other, water",
        head="ice",
    )


def test_head_may_be_given_by_alias_and_in_any_case(tmp_path: Path) -> None:
    path = saved(build_checkpoint("multitask"), tmp_path / "multi.pt")
    by_name, by_alias = read_checkpoint(path, head="WATER"), read_checkpoint(path, head="H2O")
    torch.testing.assert_close(by_name.energy_bias, by_alias.energy_bias, rtol=0, atol=0)
    default = read_checkpoint(path)  # the alias Default of the other branch
    assert not torch.equal(default.energy_bias, by_name.energy_bias)
    note_file_form("checkpoint of several branches, one chosen by name or alias")


def test_head_of_a_single_task_checkpoint_is_an_error(tiny: dict, tmp_path: Path) -> None:
    refused(tiny, tmp_path, "single-task checkpoint; leave --head out", head="water")


def test_unknown_descriptor_keys_are_tolerated_others_reported(tiny: dict, tmp_path: Path) -> None:
    tiny["model"][PREFIX + "descriptor.some_old_table"] = torch.zeros(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_checkpoint(saved(tiny, tmp_path / "a.pt"))
    tiny["model"][PREFIX + "fitting_net.mystery"] = torch.zeros(3)
    with pytest.warns(UserWarning, match="fitting_net.mystery"):
        read_checkpoint(saved(tiny, tmp_path / "b.pt"))


def test_other_dictionaries_are_not_checkpoints(tmp_path: Path) -> None:
    refused({"weights": torch.zeros(3)}, tmp_path, "supported: checkpoints of DeePMD-kit")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing\.pt: no such file"):
        read_checkpoint(tmp_path / "nothing.pt")


def test_truncated_file_is_refused(tiny: dict, tmp_path: Path) -> None:
    path = saved(tiny, tmp_path / "model.ckpt.pt")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="not a complete torch checkpoint"):
        read_checkpoint(path)


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("writer", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))])
def test_pickle_with_code_is_refused_and_does_not_run(tmp_path: Path, writer) -> None:
    target, path = tmp_path / "pwned", tmp_path / "model.ckpt.pt"
    writer({"model": Bomb(target)}, path)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)
    assert not target.exists()
