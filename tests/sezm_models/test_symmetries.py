"""What physics promises of any model: derivatives, symmetries, the cutoff, the layout of edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recorded import edges, evaluate, model, recorded

NAMES = ["tiny", "mini", "zbl"]
OPTIONS = [
    "no_rotation",
    "order_all",
    "edge_so3_branch_frames_2",
    "edge_activation_bias",
    "edge_residuals_query",
    "edge_cartesian_focus",
    "exclusions_zbl",
]
"""Options that act on edges, or in their frames."""

RELATIVE = 1e-12


def system(configuration: str, name: str = "skewed5"):
    case = recorded(configuration, name)
    net = model(configuration, torch.float64)
    return net, case, edges(case.pos, case.cell, case.pbc, net.cutoff)


def energy_at(net, case, pos: np.ndarray, cell: np.ndarray) -> float:
    index, vec = edges(pos, cell, case.pbc, net.cutoff)
    return evaluate(net, case.atomic_numbers, index, vec)[0].sum()


@pytest.mark.parametrize("name", [*NAMES, *OPTIONS])
def test_forces_are_the_gradient_of_the_energy(name: str) -> None:
    net, case, (index, vec) = system(name)
    _, forces, _ = evaluate(net, case.atomic_numbers, index, vec)
    rng = np.random.default_rng(0)
    for _ in range(3):
        step = rng.normal(size=case.pos.shape) * 2e-5
        plus, minus = (energy_at(net, case, case.pos + s * step, case.cell) for s in (1, -1))
        slope = -(forces * step).sum()
        assert (plus - minus) / 2 == pytest.approx(slope, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_virial_is_minus_the_derivative_by_strain(name: str) -> None:
    net, case, (index, vec) = system(name)
    _, _, virial = evaluate(net, case.atomic_numbers, index, vec)
    strain = np.random.default_rng(1).normal(size=(3, 3)) * 1e-5
    plus, minus = (
        energy_at(
            net, case, case.pos @ (np.eye(3) + s * strain).T, case.cell @ (np.eye(3) + s * strain).T
        )
        for s in (1, -1)
    )
    assert (plus - minus) / 2 == pytest.approx(-(virial * strain).sum(), rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("name", [*NAMES, *OPTIONS])
def test_energy_is_invariant_and_forces_turn_with_the_system(name: str) -> None:
    net, case, (index, vec) = system(name)
    energy, forces, _ = evaluate(net, case.atomic_numbers, index, vec)
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    turned, turned_forces, _ = evaluate(net, case.atomic_numbers, index, vec @ turn.T)
    np.testing.assert_allclose(turned, energy, rtol=RELATIVE)
    np.testing.assert_allclose(
        turned_forces, forces @ turn.T, atol=1e-11 * np.abs(forces).max(), rtol=0
    )


def test_edges_along_the_axes_have_no_degenerate_frame() -> None:
    net, case, _ = system("mini", "dimer")
    index = np.array([[1, 0], [0, 1]])
    energies = []
    for axis in np.concatenate([np.eye(3), -np.eye(3), [[1e-9, 0, -1.0]]]):
        vec = np.stack([1.1 * axis, -1.1 * axis])
        energy, forces, _ = evaluate(net, case.atomic_numbers, index, vec)
        assert np.isfinite(forces).all()
        energies.append(energy.sum())
    np.testing.assert_allclose(energies, energies[0], rtol=RELATIVE)


def test_permuted_atoms_have_permuted_energies() -> None:
    net, case, (index, vec) = system("mini", "molecule9")
    energy, *_ = evaluate(net, case.atomic_numbers, index, vec)
    order = np.random.default_rng(3).permutation(len(energy))
    position = np.argsort(order)
    permuted, *_ = evaluate(net, case.atomic_numbers[order], position[index], vec)
    np.testing.assert_allclose(permuted, energy[order], rtol=RELATIVE)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_edges_does_not_matter(name: str) -> None:
    net, case, (index, vec) = system(name, "water24")
    energy, forces, _ = evaluate(net, case.atomic_numbers, index, vec)
    order = np.random.default_rng(4).permutation(len(vec))
    shuffled, shuffled_forces, _ = evaluate(net, case.atomic_numbers, index[:, order], vec[order])
    np.testing.assert_allclose(shuffled, energy, rtol=RELATIVE)
    np.testing.assert_allclose(shuffled_forces, forces, atol=1e-11 * np.abs(forces).max(), rtol=0)


@pytest.mark.parametrize("name", [*NAMES, *OPTIONS, "mini_v1_0"])
def test_edges_at_or_beyond_the_cutoff_contribute_exactly_nothing(name: str) -> None:
    net, case, (index, vec) = system(name)
    energy, forces, _ = evaluate(net, case.atomic_numbers, index, vec)
    far = np.array([[net.cutoff, 0, 0], [0, 2 * net.cutoff, 0], [7.0, 7.0, 7.0]])
    padded_index = np.concatenate([index, [[0, 1, 0], [0, 0, 2]]], 1)
    padded, padded_forces, _ = evaluate(
        net, case.atomic_numbers, padded_index, np.concatenate([vec, far])
    )
    np.testing.assert_allclose(padded, energy, rtol=1e-14)
    np.testing.assert_allclose(padded_forces, forces, atol=1e-13 * np.abs(forces).max(), rtol=0)


def test_an_element_that_the_model_does_not_know_has_no_energy() -> None:
    net, case, (index, vec) = system("tiny")
    numbers = case.atomic_numbers.copy()
    numbers[1] = 79
    energy, *_ = evaluate(net, numbers, index, vec)
    assert np.isnan(energy[1]) and np.isfinite(np.delete(energy, 1)).all()


def test_padding_atoms_leave_the_others_alone() -> None:
    net, case, (index, vec) = system("tiny")
    energy, *_ = evaluate(net, case.atomic_numbers, index, vec)
    padded, *_ = evaluate(net, np.append(case.atomic_numbers, [0, 0]), index, vec)
    np.testing.assert_allclose(padded[:-2], energy, rtol=1e-14)
    assert np.isfinite(padded).all()
