"""Heads beside the ordinary energy: direct forces, and properties of atoms and systems."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
import torch
from deviation_log import note_deviation
from head_configs import DENS_SETS, PROPERTY_SETS
from random_checkpoint import build_checkpoint
from recorded import FLOAT32_TOLERANCE, FLOAT64_TOLERANCE, systems_of
from recorded_heads import evaluate_head, head_model, recorded_case, recorded_results
from sezm_models import CheckpointError, read_checkpoint
from sezm_models.sezm import property as property_module
from sezm_models.sezm.dens import SeZMDens
from sezm_models.sezm.model import SeZM
from sezm_models.sezm.property import SeZMProperty
from sezm_models.sezm.reader import model_from_checkpoint

CASES = [(name, system) for name in (*DENS_SETS, *PROPERTY_SETS) for system in systems_of(name)]
PREFIX = "model.Default.atomic_model."

SMALLEST = 1e-2
"""Scale of what is compared absolutely: direct forces on a lone atom, which are round-off."""


def assert_equals_the_trainer(
    configuration: str, system: str, dtype: torch.dtype, tolerance: float
) -> None:
    net = head_model(configuration, system, dtype)
    found = evaluate_head(net, recorded_case(configuration, system, net))
    expected = recorded_results(configuration, system, dtype)
    exact = recorded_results(configuration, system)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        scale = max(np.abs(exact[name]).max(), SMALLEST)
        own_error = np.abs(expected[name] - exact[name]).max()
        deviation = np.abs(value - expected[name]).max()
        precision = str(dtype).removeprefix("torch.")
        note_deviation(
            configuration, "eager", precision, name, deviation / scale, own_error / scale
        )
        assert deviation <= tolerance * scale + own_error, f"{name} off by {deviation / scale:.1e}"


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float64_equals_the_trainer(configuration: str, system: str) -> None:
    assert_equals_the_trainer(configuration, system, torch.float64, FLOAT64_TOLERANCE)


@pytest.mark.parametrize(("configuration", "system"), CASES)
def test_float32_equals_the_trainer_to_single_precision(configuration: str, system: str) -> None:
    assert_equals_the_trainer(configuration, system, torch.float32, FLOAT32_TOLERANCE)


# --- direct forces -------------------------------------------------------------------------------


def dens_checkpoint() -> dict:
    return build_checkpoint("dens")


def read(checkpoint: dict, dtype: torch.dtype | None = torch.float64):
    """The model, of a checkpoint of which no key is left over unexplained."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model_from_checkpoint(checkpoint, dtype, None, "model.ckpt.pt")


def params(checkpoint: dict) -> dict:
    return checkpoint["model"]["_extra_state"]["model_params"]


def test_direct_forces_are_used_wherever_a_checkpoint_has_their_head() -> None:
    checkpoint = dens_checkpoint()
    net = read(checkpoint)
    assert isinstance(net, SeZMDens) and net.forces_kind == "direct"
    state = checkpoint["model"]
    for key in [key for key in state if key.startswith(PREFIX + "dens_fitting_net.")]:
        del state[key]
    assert isinstance(read(checkpoint), SeZM)


def test_the_ordinary_head_beside_a_dens_head_may_be_missing() -> None:
    checkpoint = dens_checkpoint()
    state = checkpoint["model"]
    for key in [key for key in state if key.startswith(PREFIX + "fitting_net.")]:
        del state[key]
    without, both = read(checkpoint), read(dens_checkpoint())
    for a, b in zip(without.parameters(), both.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("configuration", ["dens_few", "dens_pyramid", "dens_few_exclusions"])
def test_only_the_nearest_neighbours_are_seen(configuration: str) -> None:
    """``sel`` is one number, or one for each type; excluded pairs count among the nearest."""
    net = head_model(configuration, "skewed5", torch.float64)
    assert net.max_neighbors == 5
    of_all = evaluate_head(net, recorded_case(configuration, "skewed5", net, max_neighbors=1000))
    expected = recorded_results(configuration, "skewed5")["forces"]
    assert np.abs(of_all["forces"] - expected).max() > 1e-3


def test_forces_turn_with_the_atoms_but_for_half_a_turn_about_y() -> None:
    """As the trainer has it: see ``TO_CARTESIAN``."""
    half_turn = np.diag([-1.0, 1.0, -1.0])
    rotation, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    net = head_model("dens_extra_degree", "skewed5", torch.float64)
    before, after = (
        evaluate_head(net, recorded_case("dens_extra_degree", "skewed5", net, turned))
        for turned in (np.eye(3), rotation)
    )
    np.testing.assert_allclose(after["energy"], before["energy"], rtol=1e-12)
    expected = before["forces"] @ half_turn @ rotation.T @ half_turn
    np.testing.assert_allclose(after["forces"], expected, rtol=0, atol=1e-11)


def test_energies_do_not_need_forces() -> None:
    net = head_model("dens", "molecule9", torch.float64)
    graph = recorded_case("dens", "molecule9", net).graph
    torch.testing.assert_close(net(*graph), net.energy_and_forces(*graph)[0], rtol=0, atol=0)


def test_missing_weight_of_a_dens_head_is_named_by_its_key() -> None:
    checkpoint = dens_checkpoint()
    key = "dens_fitting_net.energy_head.filter_layers.networks.0.output_layer.matrix"
    del checkpoint["model"][PREFIX + key]
    with pytest.raises(CheckpointError, match=re.escape(f"{key!r} of shape [32, 1] is missing")):
        read(checkpoint)


@pytest.mark.parametrize(
    ("section", "option", "value", "match"),
    [
        (None, "bridging_method", "zbl", "bridging_method = 'zbl' .* 'none' with a dens head"),
        (None, "atom_exclude_types", [1], "atom_exclude_types .* with a dens head"),
        ("descriptor", "l_schedule", [1, 0], "a last degree >= 1 with a dens head"),
        ("descriptor", "sel", "auto", r"^model.ckpt.pt: descriptor option sel = 'auto'"),
    ],
)
def test_what_the_trainer_does_not_evaluate_with_a_dens_head_is_refused(
    section: str | None, option: str, value, match: str
) -> None:
    checkpoint = dens_checkpoint()
    options = params(checkpoint) if section is None else params(checkpoint)[section]
    options[option] = value
    with pytest.raises(CheckpointError, match=match):
        read(checkpoint)


# --- properties ----------------------------------------------------------------------------------


def test_a_property_model_says_what_it_gives() -> None:
    net = head_model("property_mean", "molecule9", torch.float32)
    assert isinstance(net, SeZMProperty)
    assert (net.property_name, net.task_dim, net.intensive) == ("moment", 3, True)
    assert net.elements == ("H", "C", "N", "O") and net.conditioning == {}


def test_no_key_of_a_property_checkpoint_is_left_over() -> None:
    assert isinstance(read(build_checkpoint("property_mean")), SeZMProperty)


def test_networks_of_default_precision_are_float64() -> None:
    net = read(build_checkpoint("property_sum_of_one"), None)
    assert net.dtype == torch.float32
    assert {p.dtype for p in net.fitting.parameters()} == {torch.float64}


@pytest.mark.parametrize("configuration", ["property_sum", "property_no_scales"])
def test_systems_of_a_batch_have_their_own_values_whatever_the_padding(configuration: str) -> None:
    net = head_model(configuration, "molecule9", torch.float64)
    first, second = (
        recorded_case(configuration, name, net).graph for name in ("molecule9", "skewed5")
    )
    n_first, n_second = len(first[0]), len(second[0])
    padding = torch.zeros(2, dtype=torch.int64)
    numbers = torch.cat([first[0], second[0], padding])
    batch = torch.cat([first[1], second[1] + 1, padding])
    natoms = torch.tensor([n_first, n_second])
    index = torch.cat([first[3], second[3] + n_first], 1)
    of_atoms = net(numbers, batch, natoms, index, torch.cat([first[4], second[4]]))
    assert not of_atoms[-2:].any()
    found = net.of_systems(of_atoms, numbers, batch, natoms)
    for value, name in zip(found, ("molecule9", "skewed5"), strict=True):
        expected = recorded_results(configuration, name)["property"]
        np.testing.assert_allclose(value.numpy(), expected, rtol=1e-10)


def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch) -> None:
    lines = re.findall(r"^    (\S.*)$", property_module.__doc__, re.MULTILINE)
    torch.save(build_checkpoint("property_sum", precision="float64"), tmp_path / "model.ckpt.pt")
    monkeypatch.chdir(tmp_path)
    names = ("atomic_numbers", "batch", "natoms", "edge_index", "edge_vec")
    net = head_model("property_sum", "skewed5", torch.float64)
    graph = recorded_case("property_sum", "skewed5", net).graph
    scope = {**dict(zip(names, graph, strict=True)), "read_checkpoint": read_checkpoint}
    exec("\n".join(lines), scope)
    expected = recorded_results("property_sum", "skewed5")["property"]
    np.testing.assert_allclose(scope["value"][0].numpy(), expected, rtol=1e-10)


def test_bridging_with_a_property_head_is_refused() -> None:
    checkpoint = build_checkpoint("property_mean")
    params(checkpoint)["bridging_method"] = "zbl"
    with pytest.raises(CheckpointError, match="'none' with a property head"):
        read(checkpoint)


def test_unknown_option_of_a_property_head_is_refused() -> None:
    checkpoint = build_checkpoint("property_mean")
    params(checkpoint)["fitting_net"]["atom_ener"] = [0.0]
    with pytest.raises(CheckpointError, match=r"'atom_ener' .* is not known"):
        read(checkpoint)
