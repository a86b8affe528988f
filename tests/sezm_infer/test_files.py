"""Outputs are complete under their name, or absent."""

from __future__ import annotations

from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest

from sezm_infer.errors import SezmError
from sezm_infer.files import atomic_output
from sezm_infer.structures import read_structures, with_results, write_structures


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with atomic_output(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".txt"
    assert path.read_text() == "half"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), atomic_output(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "out.txt"
    with pytest.raises(SezmError, match="does not exist; create it first"), atomic_output(path):
        pass


def test_a_folder_is_no_output_file(tmp_path: Path) -> None:
    with pytest.raises(SezmError, match="a folder"), atomic_output(tmp_path):
        pass


def test_structures_come_back_with_results(crystal: ase.Atoms, tmp_path: Path) -> None:
    path = tmp_path / "out.extxyz"
    forces = np.arange(192.0).reshape(64, 3)
    write_structures(path, [with_results(crystal, energy=1.5, forces=forces)] * 2)
    first, second = read_structures(path)
    assert first.get_potential_energy() == second.get_potential_energy() == 1.5
    np.testing.assert_allclose(first.get_forces(), forces)
    assert len(read_structures(path, last_only=True)) == 1


@pytest.mark.parametrize("content", ["", "not a number\n\n", "2\n\nO 0 0\n"])
def test_unreadable_structures_are_one_sentence(content: str, tmp_path: Path) -> None:
    path = tmp_path / "in.xyz"
    path.write_text(content)
    with pytest.raises(SezmError) as caught:
        read_structures(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
