"""How far an atom sees: as many cutoffs as ``message_passing_steps`` says, and no further."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recorded import evaluate, model
from sezm_models.elements import ATOMIC_NUMBERS

NAMES = [
    "tiny",
    "mini",
    "softplus_no_seed",
    "no_blocks",
    "zbl",
    "spin_native",
    "spin_native_no_seed",
    "spin_native_zbl",
    "spin_deepspin",
    "spin_deepspin_far",
    "spin_deepspin_zbl",
]


def links(net) -> np.ndarray:
    """[steps + 1, 3] from each atom of a chain to the next.

    With bridging the last step is a contact: neighbours of neighbours matter nowhere else.
    """
    lengths = np.full(net.message_passing_steps + 1, 0.6 * net.cutoff)
    window = net.config.window
    if window is not None:
        lengths[net.message_passing_steps - 1] = (window.r_inner + window.r_outer) / 2
    directions = np.random.default_rng(0).normal(size=(len(lengths), 3)) + np.array([3, 0, 0])
    return lengths[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True)


def first_energy(net, vectors: np.ndarray, n_targets: int | None = None) -> float:
    """Energy of the first atom of a chain, in which consecutive atoms are neighbours.

    Only the first ``n_targets`` atoms have neighbours of their own; all if None.
    """
    n_atoms = len(vectors) + 1
    first = np.arange(n_atoms - 1)
    index = np.concatenate([[first + 1, first], [first, first + 1]], axis=1)
    vec = np.concatenate([vectors, -vectors])
    kept = index[1] < (n_atoms if n_targets is None else n_targets)
    numbers = np.full(n_atoms, ATOMIC_NUMBERS[net.elements[0]])
    spins = np.random.default_rng(1).normal(size=(n_atoms, 3))
    given = {"spins": spins} if "spins" in net.conditioning else {}
    return evaluate(net, numbers, index[:, kept], vec[kept], given)[0][0]


@pytest.mark.parametrize("name", NAMES)
def test_an_atom_sees_as_many_cutoffs_as_there_are_steps(name: str) -> None:
    net = model(name, torch.float64)
    vectors = links(net)
    before, seen = first_energy(net, vectors), []
    for moved in range(len(vectors)):
        longer = vectors.copy()
        longer[moved] *= 1.1
        seen.append(first_energy(net, longer) != before)
    assert seen == [True] * net.message_passing_steps + [False]


@pytest.mark.parametrize("name", NAMES)
def test_atoms_beyond_all_steps_but_the_last_need_no_neighbors(name: str) -> None:
    net = model(name, torch.float64)
    vectors, steps = links(net), net.message_passing_steps
    assert first_energy(net, vectors, steps) == first_energy(net, vectors)
    assert first_energy(net, vectors, steps - 1) != first_energy(net, vectors)
