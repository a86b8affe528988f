"""eSCN against what fairchem computed, and the reader of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from escn_cases import CONFIGS, draw_inputs
from escn_models import DATA, escn, escn_content, wigner_matrices
from sezm_models import CheckpointError
from sezm_models.escn import blocks_of_atoms, eSCN, layer_block, messages_by_atom
from sezm_models.escn.edge_frame import EdgeFrames
from sezm_models.escn.energy_model import ESCNEnergyModel
from sezm_models.escn.harmonics import solid_harmonics
from sezm_models.escn.reader import read

TOLERANCE = 1e-10
"""Relative to the largest value."""


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(DATA / "escn.npz") as file:
        return dict(file)


def tensors(name: str) -> tuple[list[torch.Tensor], torch.Tensor]:
    inputs, rotations = draw_inputs(name)
    return [torch.from_numpy(value) for value in inputs.values()], torch.from_numpy(rotations)


def assert_near(found: torch.Tensor, expected: np.ndarray, tolerance: float = TOLERANCE) -> None:
    scale = np.abs(expected).max()
    assert found.shape == expected.shape
    assert np.abs(found.numpy() - expected).max() <= tolerance * scale


@pytest.mark.parametrize("name", CONFIGS)
def test_energy_and_forces_are_those_of_fairchem_in_a_given_frame(
    name: str, recorded: dict[str, np.ndarray]
) -> None:
    inputs, rotations = tensors(name)
    energy, forces = escn(name)(*inputs, edge_rot_mat=rotations)
    assert_near(energy, recorded[f"{name}/energy"])
    assert_near(forces, recorded[f"{name}/forces"])


@pytest.mark.parametrize("name", CONFIGS)
def test_wigner_matrices_that_are_given_stand_for_the_frames(
    name: str, recorded: dict[str, np.ndarray]
) -> None:
    inputs, rotations = tensors(name)
    energy, forces = escn(name)(*inputs, wigner=wigner_matrices(name, rotations))
    assert_near(energy, recorded[f"{name}/energy"])
    assert_near(forces, recorded[f"{name}/forces"])


def test_frames_and_matrices_of_other_shapes_or_both_are_refused() -> None:
    inputs, rotations = tensors("l2m2")
    net, matrices = escn("l2m2"), wigner_matrices("l2m2", rotations)
    with pytest.raises(ValueError, match="not both"):
        net(*inputs, edge_rot_mat=rotations, wigner=matrices)
    with pytest.raises(ValueError, match=r"wigner has shape .*, expected \(\d+, 9, 9\)"):
        net(*inputs, wigner=rotations)
    with pytest.raises(ValueError, match="edge_rot_mat has shape"):
        net(*inputs, edge_rot_mat=rotations[:-1])


def test_own_frames_change_results_by_no_more_than_the_roll_does(
    recorded: dict[str, np.ndarray],
) -> None:
    inputs, _ = tensors("l2m2")
    first, again = escn("l2m2")(*inputs), escn("l2m2")(*inputs)
    assert torch.equal(first[1], again[1])
    assert_near(first[0], recorded["l2m2/energy"], 1e-4)
    assert_near(first[1], recorded["l2m2/forces"], 1e-4)


def test_frames_turn_edges_to_y_and_nowhere_degenerate() -> None:
    vec = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    vec = torch.cat([vec, torch.eye(3).double(), -torch.eye(3).double()])
    frames = EdgeFrames(1, 1).double()
    rotation = frames(vec)
    identity = torch.eye(3, dtype=torch.float64).expand_as(rotation)
    torch.testing.assert_close(rotation @ rotation.transpose(1, 2), identity)
    torch.testing.assert_close(torch.det(rotation), torch.ones(len(vec), dtype=torch.float64))
    n = vec / vec.norm(dim=1, keepdim=True)
    torch.testing.assert_close(rotation[:, 1], n)
    nudged = frames(vec + 1e-9)
    assert float((nudged - rotation).abs().max()) < 1e-7


def test_wigner_matrices_rotate_harmonics() -> None:
    lmax = 6
    frames = EdgeFrames(lmax, lmax).double()
    generator = np.random.default_rng(0)
    rotation = frames(torch.from_numpy(generator.standard_normal((4, 3))))
    points = generator.standard_normal((7, 3))
    wigner = frames.wigner(rotation).numpy()
    for matrix, turn in zip(wigner, rotation.numpy(), strict=True):
        expected = solid_harmonics(lmax, points @ turn.T)[:, frames.rows]
        found = solid_harmonics(lmax, points) @ matrix.T
        np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max(), rtol=0)


def test_points_of_the_read_out_are_those_of_fairchem(recorded: dict[str, np.ndarray]) -> None:
    net = escn("l2m2")
    assert_near(net.sphere_points, recorded["l2m2/sphere_points"], 1e-14)
    assert_near(net.sphharm_weights, recorded["l2m2/sphharm_weights"], 1e-14)


def test_edges_beyond_the_cutoff_and_their_order_do_not_matter() -> None:
    (*_, numbers, index, _, vec), _ = tensors("l3m1")
    net = escn("l3m1")
    expected = net.energies_and_forces(numbers, index, vec)
    far = torch.full((1, 3), 4.0, dtype=torch.float64)
    order = torch.randperm(len(vec) + 1, generator=torch.Generator().manual_seed(0))
    index = torch.cat([index, torch.tensor([[2], [1]])], 1)[:, order]
    found = net.energies_and_forces(numbers, index, torch.cat([vec, far])[order])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["l3m1", "l1m0", "l4m2_rescaled"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_parts_that_edges_are_taken_in_do_not_matter(
    name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a derivative to come, all edges are taken at once."""
    monkeypatch.setattr(blocks_of_atoms, "ATOMS_PER_BLOCK", size)
    monkeypatch.setattr(blocks_of_atoms, "EDGES_PER_TILE", 2 * size)
    monkeypatch.setattr(messages_by_atom, "EDGES_ON_GRID", size)
    monkeypatch.setattr(layer_block, "ATOMS_ON_SPHERE", size)
    (*_, numbers, index, _, vec), _ = tensors(name)
    net = escn(name)
    for edges in (range(0), [5], range(2, len(vec), 3), range(len(vec))):
        chosen, some = index[:, list(edges)], vec[list(edges)]
        found = net.energies_and_forces(numbers, chosen, some)
        expected = net.energies_and_forces(numbers, chosen, some.clone().requires_grad_())
        assert not found[1].requires_grad and expected[1].requires_grad
        torch.testing.assert_close(found, tuple(x.detach() for x in expected), rtol=0, atol=1e-12)


def test_weights_that_are_loaded_later_count() -> None:
    (*_, numbers, index, _, vec), _ = tensors("l2m2")
    net, other = escn("l2m2"), eSCN(**CONFIGS["l2m2"]).double()
    before = other.energies_and_forces(numbers, index, vec)
    other.load_state_dict(net.state_dict())
    expected = net.energies_and_forces(numbers, index, vec)
    found = other.energies_and_forces(numbers, index, vec)
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))
    assert not torch.equal(before[1], found[1])


def test_tables_are_exact_in_the_precision_the_model_is_cast_to() -> None:
    net = eSCN(**CONFIGS["l2m2"])
    exact = net.sphere_points.double()
    cast = net.float().double()
    assert 0 < float((cast.sphere_points - exact).abs().max()) < 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_files_with_all_of_fairchems_keys_are_read(dtype: torch.dtype, tmp_path: Path) -> None:
    torch.save(escn_content("l2m2", dtype), tmp_path / "model.pt")
    model = read(tmp_path / "model.pt")
    assert model.dtype == dtype
    assert model.forces_kind == "direct" and model.max_neighbors == 300
    assert model.elements[:2] == ("H", "He") and len(model.elements) == 99
    (_, batch, natoms, numbers, index, _, vec), _ = tensors("l2m2")
    energy, forces = model.energy_and_forces(numbers, batch, natoms, index, vec.to(dtype))
    expected = escn("l2m2").energies_and_forces(numbers, index, vec)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-4
    assert_near(energy, expected[0].numpy(), tolerance)
    assert_near(forces, expected[1].numpy(), tolerance)


def test_an_element_without_a_row_gives_nan() -> None:
    model = ESCNEnergyModel(escn("l2m1_resolution"))
    (_, batch, natoms, numbers, index, _, vec), _ = tensors("l2m1_resolution")
    numbers[3] = 47
    energy = model(numbers, batch, natoms, index, vec)
    assert torch.isnan(energy).nonzero().flatten().tolist() == [3]


def changed(part: str, **changes: Any) -> dict[str, Any]:
    content = escn_content()
    return content | {part: content[part] | changes}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"config": {}, "state_dict": {}}, "not an eSCN model"),
        (changed("config", lmax=1, mmax=2), "mmax 2 is beyond lmax 1"),
        (changed("config", colour="red"), "'colour' is unknown"),
        (changed("config", num_layers=0), "'num_layers' is 0"),
        (changed("config", cutoff="4"), "'cutoff' is '4', expected a positive number"),
        (changed("config", lmax=60), "'lmax' is 60, expected .* from 1 to 12"),
        (changed("config", distance_resolution=1e-300), "more than 100000, functions"),
        (changed("config", hidden_channels=9_999), "far larger than the weights"),
        (changed("config", rescale_grid="no"), "'rescale_grid' is 'no', no switch"),
        (changed("config", distance_function="sigmoid"), "'sigmoid' is not supported"),
        (changed("config", num_layers=3), r"'layer_blocks\.2.* is missing"),
        (changed("config", num_layers=1), "no place in the model"),
        (changed("config", sphere_channels=9), r"shape \[100, 8\], expected \[100, 9\]"),
        (changed("config", num_sphere_samples=17), "'sphere_points' is not what"),
        (
            changed("state_dict", **{"force_block.fc3.weight": torch.ones(1, 8).to_sparse()}),
            "nested or sparse",
        ),
        (changed("state_dict", **{"force_block.fc3.weight": [1.0]}), "holds a list"),
        (
            changed("state_dict", **{"force_block.fc3.weight": torch.full((1, 8), torch.inf)}),
            "not finite",
        ),
    ],
)
def test_bad_files_are_refused(content: dict[str, Any], text: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=text):
        read(tmp_path / "model.pt")
