"""What a model is said to be and to cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from random_checkpoint import read_manifest, write_checkpoint
from recorded import model, plain_model
from sezm_export.cost import cost_per_atom
from sezm_models.sezm.config import parse_config
from sezm_models.sezm.summary import summary
from toy_model import ToyModel

from sezm_infer.cli import main

EDGES = 90
"""Neighbours of an atom in water within 6 Angstrom."""


def test_simplified_mini_takes_fewer_than_17_million_multiply_adds() -> None:
    plain = cost_per_atom(plain_model("mini", torch.float32), EDGES)
    simple = cost_per_atom(model("mini", torch.float32), EDGES)
    assert simple.multiply_adds < 17e6 < 23e6 < plain.multiply_adds
    assert simple.memory_bytes < 0.8 * plain.memory_bytes


@pytest.mark.parametrize("name", ["tiny", "nano", "neo", "node_s2_mlp", "heads_vo"])
def test_simplified_models_take_fewer_operations(name: str) -> None:
    plain, simple = (cost_per_atom(make(name, torch.float32)) for make in (plain_model, model))
    assert simple.multiply_adds < 0.9 * plain.multiply_adds


def test_cost_is_what_the_products_of_a_model_take() -> None:
    """Doubling the cutoff means eight times the neighbours."""
    near, far = (cost_per_atom(ToyModel(torch.float32, cutoff)) for cutoff in (3.0, 6.0))
    assert (near.edges_per_atom, far.edges_per_atom) == (11, 90)
    assert 7 < far.multiply_adds / near.multiply_adds < 9
    double = cost_per_atom(ToyModel(torch.float64, 6.0))
    assert double.multiply_adds == far.multiply_adds
    assert double.memory_bytes > 1.5 * far.memory_bytes


@pytest.mark.parametrize(
    ("configuration", "size"),
    [
        ("nano", "Nano"),
        ("mini", "Mini"),
        ("mini_edge_norm", "Mini"),
        ("mini_v1_0", "Mini"),
        ("zbl", "Mini"),
        ("neo", "Neo"),
        ("air", "Air"),
        ("plus", "Plus"),
        ("tiny", None),
        ("defaults", None),
    ],
)
def test_published_sizes_are_recognised(configuration: str, size: str | None) -> None:
    config = parse_config(read_manifest(configuration)["model_params"], 1.2)
    assert summary(config)["size"] == size


def test_only_unusual_options_are_listed() -> None:
    config = parse_config(read_manifest("defaults")["model_params"], 1.2)
    assert summary(config)["options"] == {"descriptor": {}, "fitting_net": {}}
    config = parse_config(read_manifest("no_attention")["model_params"], 1.2)
    assert summary(config)["options"]["descriptor"]["n_atten_head"] == 0


def test_info_of_a_checkpoint_tells_size_heads_and_cost(tmp_path: Path) -> None:
    write_checkpoint("mini", tmp_path / "mini.pt")
    output = CliRunner().invoke(main, ["info", str(tmp_path / "mini.pt")]).stdout
    for text in ("Mini", "version 1.2", "650,348", "16.63 million", "message_node_so3"):
        assert text in output
    write_checkpoint("multitask", tmp_path / "multitask.pt")
    result = CliRunner().invoke(main, ["info", str(tmp_path / "multitask.pt"), "--json"])
    assert json.loads(result.stdout)["summary"]["heads"] == ["water", "other"]


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ("property_mean", ("property", "none")),
        ("dens", ("dens", "direct")),
        ("spin_native", ("energy with spin: native", "magnetic_forces")),
        ("spin_deepspin", ("energy with spin: deepspin", "spins (3)")),
        ("everything", ("charge_spin (2", "fparam", "aparam")),
    ],
)
def test_info_of_every_head(configuration: str, words: tuple[str, ...], tmp_path: Path) -> None:
    write_checkpoint(configuration, tmp_path / "model.pt")
    result = CliRunner().invoke(main, ["info", str(tmp_path / "model.pt")])
    assert result.exit_code == 0, result.output
    for word in (*words, "multiply-adds"):
        assert word in result.stdout
