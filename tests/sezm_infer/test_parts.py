"""Tiles hold every edge once, with its ends."""

from __future__ import annotations

import numpy as np
import pytest

from sezm_infer.sessions.parts import tiles


def _graph(n_atoms: int, n_edges: int, *, is_sorted: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n_edges)
    edge_index = rng.integers(0, n_atoms, (2, n_edges))
    if is_sorted:
        edge_index = edge_index[:, np.argsort(edge_index[1], kind="stable")]
    return {"atomic_numbers": np.ones(n_atoms, np.int64), "edge_index": edge_index}


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize(("n_atoms", "n_edges"), [(1, 0), (1, 5), (7, 0), (7, 1), (50, 1023)])
@pytest.mark.parametrize("edges_per_tile", [1, 64, 1023, 10_000])
def test_every_edge_is_in_the_tile_of_its_target(n_atoms, n_edges, edges_per_tile, is_sorted):
    inputs = _graph(n_atoms, n_edges, is_sorted=is_sorted)
    numbers = np.arange(n_edges)
    found_edges, found_atoms = [], []
    for part in tiles(inputs, edges_per_tile):
        atoms, edges = np.arange(n_atoms)[part.atoms], numbers[part.edges]
        own = np.arange(n_atoms)[part.own]
        assert list(atoms[: len(own)]) == list(own)
        assert len(set(atoms)) == len(atoms)
        assert np.array_equal(atoms[part.edge_index], inputs["edge_index"][:, edges])
        assert (part.edge_index[1] < len(own)).all()
        found_edges += list(edges)
        found_atoms += list(own)
    assert sorted(found_edges) == list(numbers)
    assert found_atoms == list(range(n_atoms))


def test_tiles_are_no_larger_than_asked_for():
    inputs = _graph(200, 20_000, is_sorted=True)
    sizes = [part.edge_index.shape[1] for part in tiles(inputs, 1024)]
    assert max(sizes) <= 1024
    assert len(sizes) <= 24


def test_an_atom_with_more_edges_is_a_tile_of_its_own():
    inputs = _graph(3, 300, is_sorted=True)
    assert [part.own for part in tiles(inputs, 10)] == [slice(i, i + 1) for i in range(3)]
