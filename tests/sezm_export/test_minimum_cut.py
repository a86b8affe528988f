"""Minimum cuts, against all cuts of small graphs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from sezm_export.minimum_cut import UNLIMITED, source_side

Edges = list[tuple[int, int, int]]


def cost(edges: Edges, side: set[int]) -> int:
    return sum(capacity for a, b, capacity in edges if a in side and b not in side)


def test_the_narrowest_edge_of_a_path_is_cut() -> None:
    edges = [(0, 1, 5), (1, 2, 2), (2, 3, UNLIMITED)]
    assert source_side(edges, 0, 3) == {0, 1}


def test_without_a_path_nothing_is_cut() -> None:
    assert source_side([(1, 0, 3), (1, 2, 4)], 0, 2) == {0}


def test_no_cut_of_random_graphs_costs_less() -> None:
    generator, n = np.random.default_rng(0), 6
    for _ in range(50):
        edges = [
            (int(a), int(b), int(capacity))
            for a, b, capacity in zip(*generator.integers(0, (n, n, 9), (14, 3)).T, strict=True)
            if a != b
        ]
        found = cost(edges, source_side(edges, 0, n - 1))
        inner = range(1, n - 1)
        sides = [{0, *some} for size in range(n - 1) for some in combinations(inner, size)]
        assert found == min(cost(edges, side) for side in sides)
