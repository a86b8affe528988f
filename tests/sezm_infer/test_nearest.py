"""Limited neighbour lists keep the nearest ones, the same for any skin."""

from __future__ import annotations

import ase
import numpy as np
import pytest

from sezm_infer.nearest import nearest_edges
from sezm_infer.neighbors import NeighborList

CUTOFF = 4.0


def test_the_nearest_of_each_target_stay_in_their_order() -> None:
    target = np.array([0, 0, 0, 2, 2, 5])
    distances = np.array([3.0, 1.0, 2.0, 1.0, 0.5, 9.0])
    assert nearest_edges(target, distances, 2).tolist() == [1, 2, 3, 4, 5]
    assert nearest_edges(target, distances, 1).tolist() == [1, 4, 5]


def test_of_equal_distances_the_first_stay() -> None:
    target = np.array([0, 0, 0, 0, 1, 1])
    distances = np.array([2.0, 1.0, 2.0, 1.0, 3.0, 3.0])
    assert nearest_edges(target, distances, 3).tolist() == [0, 1, 3, 4, 5]
    assert nearest_edges(target, distances, 1).tolist() == [1, 4]


def test_no_edges_stay_none() -> None:
    assert len(nearest_edges(np.zeros(0, np.int64), np.zeros(0), 3)) == 0


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_lists_are_the_full_ones_cut_at_the_limit(structure: ase.Atoms, limit: int) -> None:
    full = NeighborList(CUTOFF).update(structure)
    found = NeighborList(CUTOFF, max_neighbors=limit).update(structure)
    for atom in range(len(structure)):
        all_distances = np.sort(full.distances[full.index[1] == atom])
        kept = found.distances[found.index[1] == atom]
        np.testing.assert_array_equal(np.sort(kept), all_distances[:limit])
    rows = {(*pair, *vector) for pair, vector in zip(full.index.T, full.vectors, strict=True)}
    assert {(*pair, *v) for pair, v in zip(found.index.T, found.vectors, strict=True)} <= rows
    assert found.index.flags.c_contiguous


def test_a_skin_changes_no_bit_of_a_limited_list(structure: ase.Atoms) -> None:
    rng = np.random.default_rng(0)
    with_skin = NeighborList(CUTOFF, skin=1.0, max_neighbors=4)
    without = NeighborList(CUTOFF, max_neighbors=4)
    for _ in range(10):
        structure.positions += rng.normal(scale=0.03, size=structure.positions.shape)
        one, other = with_skin.update(structure), without.update(structure)
        np.testing.assert_array_equal(one.index, other.index)
        np.testing.assert_array_equal(one.vectors, other.vectors)
        np.testing.assert_array_equal(one.distances, other.distances)
    assert with_skin.searches < without.searches == 10
