"""Tiles hold every edge once, with its ends, and atoms near each other."""

from __future__ import annotations

import ase
import numpy as np
import pytest

from sezm_infer.boxes import water_box
from sezm_infer.neighbors import NeighborList
from sezm_infer.sessions.parts import tiles


def _graph(n_atoms: int, n_edges: int, *, is_sorted: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n_edges)
    edge_index = rng.integers(0, n_atoms, (2, n_edges))
    if is_sorted:
        edge_index = edge_index[:, np.argsort(edge_index[1], kind="stable")]
    return {
        "pos": 20.0 * rng.random((n_atoms, 3)),
        "batch": np.sort(rng.integers(0, 2, n_atoms)),
        "edge_index": edge_index,
    }


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
    assert sorted(found_atoms) == list(range(n_atoms))


def test_tiles_are_no_larger_than_asked_for():
    inputs = _graph(200, 20_000, is_sorted=True)
    sizes = [part.edge_index.shape[1] for part in tiles(inputs, 1024)]
    assert max(sizes) <= 1024
    assert len(sizes) <= 24


def test_an_atom_with_more_edges_is_a_tile_of_its_own():
    inputs = _graph(3, 300, is_sorted=True)
    assert sorted(list(part.own) for part in tiles(inputs, 10)) == [[0], [1], [2]]


def test_parts_of_a_liquid_have_as_few_ghosts_in_any_order_of_its_atoms():
    atoms = water_box(512)
    shuffled = atoms[np.random.default_rng(0).permutation(len(atoms))]
    ordered, disordered = (_ghosts_per_atom(one) for one in (atoms, shuffled))
    assert disordered < 1.05 * ordered


def _ghosts_per_atom(atoms: ase.Atoms) -> float:
    edges = NeighborList(cutoff=4.0).update(atoms)
    inputs = {"pos": atoms.positions, "batch": np.zeros(len(atoms), int), "edge_index": edges.index}
    parts = tiles(inputs, 2000)
    return sum(len(part.atoms) - len(part.own) for part in parts) / len(atoms)


def test_positions_that_make_no_sense_cost_ghosts_only():
    inputs = _graph(50, 1023, is_sorted=True)
    inputs["pos"][:20] = np.nan
    inputs["pos"][20:] *= 1e30
    assert sum(len(part.own) for part in tiles(inputs, 64)) == 50
