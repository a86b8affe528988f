"""Neighbour lists agree with ASE's, and a skin changes nothing."""

from __future__ import annotations

import copy

import ase
import numpy as np
import pytest
from ase.neighborlist import primitive_neighbor_list

from sezm_infer.errors import SezmError
from sezm_infer.neighbors import NeighborList
from sezm_infer.pair_search import search_pairs

CUTOFF = 4.0


def _ase_edges(atoms: ase.Atoms, cutoff: float) -> list[tuple[int, int, tuple[int, ...]]]:
    i, j, shift = primitive_neighbor_list("ijS", atoms.pbc, atoms.cell, atoms.positions, cutoff)
    return sorted(zip(i.tolist(), j.tolist(), map(tuple, shift.tolist()), strict=True))


def test_pairs_are_those_of_ase(structure: ase.Atoms) -> None:
    if structure.cell.volume > 1e12:
        structure.cell[:] = np.diag([1e3, 1e3, 10])  # larger is more than ASE's list can take
    cell = structure.cell.array
    pairs = search_pairs(structure.positions, cell, structure.pbc, CUTOFF)
    vectors = (
        structure.positions[pairs.source] - structure.positions[pairs.target] + pairs.shift @ cell
    )
    near = np.linalg.norm(vectors, axis=1) < CUTOFF
    shifts = map(tuple, pairs.shift[near].tolist())
    found = list(zip(pairs.target[near].tolist(), pairs.source[near].tolist(), shifts, strict=True))
    assert found == _ase_edges(structure, CUTOFF)


def test_edges_follow_the_convention(structure: ase.Atoms) -> None:
    edges = NeighborList(CUTOFF).update(structure)
    source, target = edges.index
    shift = edges.vectors - structure.positions[source] + structure.positions[target]
    cell = structure.cell.complete().array
    cells = np.linalg.solve(cell.T, shift.T).T
    np.testing.assert_allclose(cells, cells.round(), atol=1e-9, rtol=0)
    assert not cells.round()[:, ~structure.pbc].any()
    np.testing.assert_allclose(edges.distances, np.linalg.norm(edges.vectors, axis=1), rtol=1e-14)
    assert (edges.distances < CUTOFF).all()
    assert (np.diff(target) >= 0).all()


def test_every_edge_has_its_reverse(structure: ase.Atoms) -> None:
    edges = NeighborList(CUTOFF).update(structure)
    pairs, vectors = edges.index.T.tolist(), edges.vectors.round(6).tolist()
    forward = {(*pair, *vector) for pair, vector in zip(pairs, vectors, strict=True)}
    reverse = {(j, i, -x, -y, -z) for i, j, x, y, z in forward}
    assert forward == reverse


def test_atoms_an_ulp_inside_the_cutoff_are_neighbours_and_at_it_are_not() -> None:
    at_cutoff = ase.Atoms("H2", positions=[[0, 0, 0], [CUTOFF, 0, 0]])
    assert NeighborList(CUTOFF, skin=1.0).update(at_cutoff).index.shape == (2, 0)
    at_cutoff.positions[1, 0] = np.nextafter(CUTOFF, 0)
    assert NeighborList(CUTOFF, skin=1.0).update(at_cutoff).index.shape == (2, 2)


@pytest.mark.parametrize("skin", [0.3, 1.0, 5.0])
def test_a_skin_changes_no_bit_of_the_edges(structure: ase.Atoms, skin: float) -> None:
    rng = np.random.default_rng(0)
    with_skin, without = NeighborList(CUTOFF, skin), NeighborList(CUTOFF)
    for _ in range(20):
        structure.positions += rng.normal(scale=0.03, size=structure.positions.shape)
        one, other = with_skin.update(structure), without.update(structure)
        np.testing.assert_array_equal(one.index, other.index)
        np.testing.assert_array_equal(one.vectors, other.vectors)
        np.testing.assert_array_equal(one.distances, other.distances)
    assert without.searches == 20
    assert with_skin.searches < 20


def test_edges_stay_as_they_were_when_atoms_move_on(structure: ase.Atoms) -> None:
    neighbors = NeighborList(CUTOFF, skin=1.0)
    kept = []
    for step in range(4):
        edges = neighbors.update(structure)
        kept.append((edges, copy.deepcopy(edges)))
        structure.rattle(0.05, seed=step)
    for edges, as_it_was in kept:
        np.testing.assert_array_equal(edges.index, as_it_was.index)
        np.testing.assert_array_equal(edges.vectors, as_it_was.vectors)
        np.testing.assert_array_equal(edges.distances, as_it_was.distances)


def test_single_precision_is_rounded_at_the_end(structure: ase.Atoms) -> None:
    double = NeighborList(CUTOFF, max_neighbors=5).update(structure)
    single = NeighborList(CUTOFF, max_neighbors=5, dtype="float32").update(structure)
    np.testing.assert_array_equal(single.index, double.index)
    np.testing.assert_array_equal(single.vectors, double.vectors.astype(np.float32))
    np.testing.assert_array_equal(single.distances, double.distances.astype(np.float32))
    assert single.vectors.dtype == single.distances.dtype == np.float32


def test_the_list_is_searched_again_when_half_the_skin_is_used(crystal: ase.Atoms) -> None:
    neighbors = NeighborList(CUTOFF, skin=1.0)
    for displacement, searches in (
        (0.0, 1),
        (0.49, 1),
        (0.02, 2),
        (0.49, 2),
        (-0.98, 2),
        (-0.02, 3),
    ):
        crystal.positions[3, 1] += displacement
        neighbors.update(crystal)
        assert neighbors.searches == searches


def test_the_list_is_searched_again_for_another_cell_periodicity_or_number_of_atoms(
    crystal: ase.Atoms,
) -> None:
    neighbors = NeighborList(CUTOFF, skin=1.0)
    neighbors.update(crystal)
    crystal.cell[0, 0] += 1e-3
    assert neighbors.update(crystal).index.shape[1] > 0
    assert neighbors.searches == 2
    crystal.pbc = (True, True, False)
    neighbors.update(crystal)
    assert neighbors.searches == 3
    del crystal[0]
    neighbors.update(crystal)
    assert neighbors.searches == 4


def test_large_flat_sparse_systems_do_not_end_the_process() -> None:
    """vesin divides by zero there if it is given the structure as it is."""
    rng = np.random.default_rng(0)
    positions = rng.random((400, 3)) * [1e4, 1e4, 10]
    for pbc in [(True, True, False), (True, True, True), (False, False, True)]:
        atoms = ase.Atoms("H400", positions=positions, cell=[1e4, 1e4, 10], pbc=pbc)
        distances = atoms.get_all_distances(mic=True)
        expected = (distances < CUTOFF).sum() - len(atoms)
        assert NeighborList(CUTOFF).update(atoms).index.shape[1] == expected


def test_a_sparse_sheet_has_no_neighbours_across_itself() -> None:
    positions = np.random.default_rng(0).uniform(size=(1500, 3)) * [30000, 30000, 3]
    cell = np.diag([30000, 30000, 1.0])
    sheet = ase.Atoms("H1500", positions, cell=cell, pbc=[True, True, False])
    assert NeighborList(4.5).update(sheet).distances.size == 0


def test_no_atoms_are_refused() -> None:
    with pytest.raises(SezmError, match="no atoms"):
        NeighborList(CUTOFF).update(ase.Atoms())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_that_are_not_finite_are_refused_by_atom(value: float) -> None:
    atoms = ase.Atoms("H3", positions=[[0, 0, 0], [1, 0, 0], [2, value, 0]])
    with pytest.raises(SezmError, match=r"atom 2 is at .*finite"):
        NeighborList(CUTOFF).update(atoms)


def test_coinciding_atoms_are_refused_by_index() -> None:
    atoms = ase.Atoms("H3", positions=[[0, 0, 0], [5, 0, 0], [0, 0, 1e-7]])
    with pytest.raises(SezmError, match="atoms 0 and 2 are at the same place"):
        NeighborList(CUTOFF).update(atoms)


def test_atoms_coinciding_with_images_are_refused() -> None:
    atoms = ase.Atoms("H2", positions=[[0, 0, 0], [5, 0, 0]], cell=[5, 5, 5], pbc=True)
    with pytest.raises(SezmError, match="atoms 0 and 1 are at the same place"):
        NeighborList(CUTOFF).update(atoms)


@pytest.mark.parametrize(
    "cell",
    [np.zeros((3, 3)), np.diag([5.0, 5.0, 0.0]), [[5, 0, 0], [0, 5, 0], [5, 5, 0]]],
    ids=["none", "no third vector", "coplanar"],
)
def test_periodicity_without_volume_is_refused(cell: np.ndarray) -> None:
    atoms = ase.Atoms("H", cell=cell, pbc=True)
    with pytest.raises(SezmError, match=r"pbc is set along a, b, c, but .* no volume"):
        NeighborList(CUTOFF).update(atoms)


def test_a_cell_that_is_not_finite_is_refused() -> None:
    with pytest.raises(SezmError, match="cell has entries that are not finite"):
        NeighborList(CUTOFF).update(ase.Atoms("H", cell=[np.nan, 5, 5], pbc=True))


@pytest.mark.parametrize("skin", [-0.1, np.inf, np.nan])
def test_a_skin_that_makes_no_sense_is_refused(skin: float) -> None:
    with pytest.raises(SezmError, match="skin is"):
        NeighborList(CUTOFF, skin)
