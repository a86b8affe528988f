"""Structures in one call give what they give alone."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
from odd_structures import STRUCTURES

from sezm_infer import SezmError, evaluate, evaluation, open_session


def test_a_batch_equals_its_members(toy_file: Path) -> None:
    session = open_session(toy_file)
    structures = [make() for make in STRUCTURES.values()]
    together = evaluate(session, structures)
    for atoms, found in zip(structures, together, strict=True):
        (alone,) = evaluate(session, [atoms])
        assert found.energy == pytest.approx(alone.energy, rel=1e-13)
        np.testing.assert_allclose(found.forces, alone.forces, atol=1e-13, rtol=0)
        np.testing.assert_allclose(found.virial, alone.virial, atol=1e-13, rtol=0)
        np.testing.assert_allclose(found.atom_energies.sum(), found.energy, atol=1e-13, rtol=0)


def test_large_sets_are_split_into_several_calls(
    toy_onnx: Path, crystal: ase.Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(toy_onnx)
    structures = [crystal[: 8 * (n + 1)] for n in range(6)]
    in_one_call = evaluate(session, structures)
    monkeypatch.setattr(evaluation, "EDGES_PER_CALL", 500)
    split = evaluate(session, structures)
    assert [one.energy for one in split] == pytest.approx([one.energy for one in in_one_call])


def test_nothing_in_nothing_out(toy_onnx: Path) -> None:
    assert evaluate(open_session(toy_onnx), []) == []


def test_unknown_elements_are_refused_by_name(toy_onnx: Path) -> None:
    with pytest.raises(SezmError, match=r"holds C, N, .*knows H, O"):
        evaluate(open_session(toy_onnx), [ase.Atoms("HCN", positions=np.eye(3))])


def test_the_offending_structure_is_named(toy_onnx: Path, crystal: ase.Atoms) -> None:
    broken = crystal.copy()
    broken.positions[5] = np.nan
    with pytest.raises(SezmError, match="structure 1: atom 5"):
        evaluate(open_session(toy_onnx), [crystal, broken])
