"""Checkpoints that no trainer wrote are an error of one line, and take no memory or time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from file_variants import build_variant, model_params
from random_checkpoint import build_checkpoint
from sezm_models import CheckpointError, read_checkpoint
from stored import read, with_averages

PREFIX = "model.Default.atomic_model."
KEY = "descriptor.blocks.0.so2_conv.attn_q_proj.weight"


def refused(checkpoint: dict, message: str, **options) -> None:
    with pytest.raises(CheckpointError, match=message) as error:
        read(checkpoint, **options)
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000


WEIGHTS = {
    "int32": torch.Tensor.int,
    "bool": torch.Tensor.bool,
    "complex64": lambda weight: weight.to(torch.complex64),
    "float8_e4m3fn": lambda weight: weight.to(torch.float8_e4m3fn),
    "quint8": lambda weight: torch.quantize_per_tensor(weight, 1.0, 0, torch.quint8),
    "sparse": torch.Tensor.to_sparse,
    "without values": lambda weight: weight.to("meta"),
    "share their memory": lambda weight: weight[:1, :1].clone().expand(16, 16),
}


@pytest.mark.filterwarnings("ignore:.*quanti")
@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights_that_are_no_ordinary_numbers_are_named(kind: str) -> None:
    checkpoint = build_checkpoint("tiny")
    checkpoint["model"][PREFIX + KEY] = WEIGHTS[kind](torch.ones(16, 16))
    refused(checkpoint, f"file: key '{KEY}' holds .*{kind}.*expected an ordinary array")


def test_statistics_versions_and_adapters_are_checked_likewise() -> None:
    for key in ("out_bias", "descriptor.version_tensor"):
        checkpoint = build_checkpoint("tiny")
        entry = checkpoint["model"][PREFIX + key]
        checkpoint["model"][PREFIX + key] = entry.to_sparse()
        refused(checkpoint, f"key '{key}' holds a nested or sparse array")
    checkpoint = build_variant("lora_mini")
    key = "descriptor.blocks.0.so2_conv.pre_focus_mix.A_by_l"
    checkpoint["model"][PREFIX + key] = checkpoint["model"][PREFIX + key].int()
    refused(checkpoint, f"key '{key}' holds numbers of type int32")


@pytest.mark.parametrize("value", [1.1, [1.1], None, "1.1"])
def test_a_version_that_is_no_tensor_is_an_error(value: object) -> None:
    checkpoint = build_checkpoint("tiny")
    checkpoint["model"][PREFIX + "descriptor.version_tensor"] = value
    refused(checkpoint, "key 'descriptor.version_tensor' holds a .*, expected a tensor")


@pytest.mark.parametrize("key", [3, None, ("a",)])
def test_keys_that_are_no_names_are_an_error(key: object) -> None:
    checkpoint, _ = with_averages(build_checkpoint("tiny"))
    checkpoint["ema"]["model"][key] = torch.zeros(1)
    refused(checkpoint, "which is no name", ema=True)
    checkpoint["model"][key] = torch.zeros(1)
    refused(checkpoint, "which is no name")
    for section in (None, "descriptor", "fitting_net"):
        checkpoint = build_checkpoint("tiny")
        params = model_params(checkpoint)
        (params if section is None else params[section])[key] = 1
        refused(checkpoint, f"{section or 'model'} option .*: expected a name")


@pytest.mark.parametrize(
    ("section", "option", "value", "message"),
    [
        ("descriptor", "lmax", 100, "lmax = 100 is not supported; supported: 0 to 20"),
        ("descriptor", "l_schedule", [100], "degrees up to 20"),
        ("descriptor", "extra_node_l", 20, "degrees up to 20 in all"),
        ("descriptor", "n_blocks", 10**12, "supported: 0 to 1000"),
        ("descriptor", "node_cartesian", "default:1" + 30 * "0", "default:<layers>"),
        ("descriptor", "channels", 10**7, "far larger than the weights"),
        ("descriptor", "channels", 10**30, "far larger than the weights"),
        ("descriptor", "n_radial", 10**9, "far larger than the weights"),
        ("descriptor", "radial_mlp", [10**9], "far larger than the weights"),
        ("descriptor", "ffn_neurons", 10**9, "far larger than the weights"),
        ("descriptor", "focus_dim", 10**9, "far larger than the weights"),
        ("fitting_net", "neuron", [10**5, 10**5], "far larger than the weights"),
        ("fitting_net", "numb_fparam", 10**9, "far larger than the weights"),
        ("fitting_net", "dim_case_embd", 10**9, "far larger than the weights"),
    ],
)
def test_sizes_beyond_the_file_are_refused_at_once(
    section: str, option: str, value: object, message: str
) -> None:
    checkpoint = build_checkpoint("tiny")
    model_params(checkpoint)[section][option] = value
    start = time.monotonic()
    refused(checkpoint, message)
    assert time.monotonic() - start < 5


def test_weights_without_memory_give_no_allowance() -> None:
    checkpoint = build_checkpoint("tiny")
    checkpoint["model"][PREFIX + "descriptor.table"] = torch.ones(1).expand(10**12)
    model_params(checkpoint)["descriptor"]["channels"] = 10**5
    refused(checkpoint, "far larger than the weights")


def test_any_damage_of_a_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"model": {}}, path)
    content = path.read_bytes()
    for position in range(60, len(content), 23):
        changed = bytearray(content)
        changed[position] ^= 0x55
        path.write_bytes(changed)
        with pytest.raises(CheckpointError):
            read_checkpoint(path)
