"""Rows hold every edge once, in rows of its target, for any sizes and any order."""

from __future__ import annotations

import pytest
import torch
from sezm_models.neighbor_rows import (
    ROW_WIDTH,
    gather_sources,
    neighbor_rows,
    rotate_sources,
    sum_outer,
)

CUTOFF = 5.0
SIZES = [(1, 0), (1, 1), (1, 8), (1, 9), (2, 16), (3, 17), (7, 64), (20, 333)]


def random_rows(n_atoms: int, n_edges: int):
    generator = torch.Generator().manual_seed(n_atoms * 1000 + n_edges)
    index = torch.randint(n_atoms, (2, n_edges), generator=generator)
    vec = torch.randn(n_edges, 3, generator=generator, dtype=torch.float64)
    return index, vec, neighbor_rows(index, vec, n_atoms, CUTOFF)


@pytest.mark.parametrize(("n_atoms", "n_edges"), SIZES)
def test_every_edge_has_one_slot_in_a_row_of_its_target(n_atoms: int, n_edges: int) -> None:
    index, vec, rows = random_rows(n_atoms, n_edges)
    filled = (rows.vec != 2 * CUTOFF).all(1)
    assert int(filled.sum()) == n_edges and not filled[-1]
    target = rows.target.repeat_interleave(ROW_WIDTH)
    found = torch.cat([rows.source[:, None], target[:, None], rows.vec], 1)[filled]
    expected = torch.cat([index.T, vec], 1)
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, expected.tolist()))


@pytest.mark.parametrize(("n_atoms", "n_edges"), SIZES)
def test_sums_gathers_and_their_gradients_equal_plain_indexing(n_atoms: int, n_edges: int) -> None:
    index, vec, rows = random_rows(n_atoms, n_edges)
    vec = vec.requires_grad_()
    rows = neighbor_rows(index, vec, n_atoms, CUTOFF)
    # What reaches empty slots must have zero gradient: weigh by a function that vanishes there.
    weight = torch.relu(CUTOFF - rows.vec[:, :1].abs())
    features = torch.randn(n_atoms, 4, 3, dtype=torch.float64, requires_grad=True)
    rotated = rotate_sources(features, _matrices(rows.vec), rows)
    gathered = gather_sources(features[:, 0], rows)
    total = sum_outer(rotated.flatten(1) * weight, gathered, rows)
    grads = torch.autograd.grad((total**2).sum(), [features, vec])

    plain = (_matrices(vec) @ features[index[0]]).flatten(1) * torch.relu(CUTOFF - vec[:, :1].abs())
    outer = plain.unsqueeze(2) * features[index[0], 0].unsqueeze(1)
    expected = torch.zeros_like(total).index_add(0, index[1], outer)
    expected_grads = torch.autograd.grad((expected**2).sum(), [features, vec])
    torch.testing.assert_close(total, expected)
    for found, wanted in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(found, wanted)


def _matrices(vec: torch.Tensor) -> torch.Tensor:
    """Some [*, 2, 4] function of vectors."""
    return vec.repeat(1, 3)[:, :8].reshape(-1, 2, 4)
