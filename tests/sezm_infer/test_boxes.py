"""Boxes for timing hold what was asked for, and nothing overlaps."""

from __future__ import annotations

import ase
import numpy as np
import pytest

from sezm_infer.boxes import box_for


@pytest.mark.parametrize("size", [1, 3, 24, 190, 1536])
def test_water_comes_in_whole_molecules_at_its_density(size: int) -> None:
    box = box_for(("C", "H", "O"), size)
    assert size <= len(box) < size + 3
    assert box.symbols.count("H") == 2 * box.symbols.count("O")
    assert len(box) / 3 * 18.015 / box.get_volume() / 0.60221 == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("box", [box_for(("H", "O"), 192), box_for(("Cu", "Ag"), 100)])
def test_atoms_keep_a_distance(box: ase.Atoms) -> None:
    distances = box.get_all_distances(mic=True)
    assert distances[np.triu_indices(len(box), 1)].min() > 0.9


def test_other_elements_share_a_lattice() -> None:
    box = box_for(("Cu", "Ag"), 100)
    assert len(box) == 100
    assert box.symbols.count("Cu") == 50
