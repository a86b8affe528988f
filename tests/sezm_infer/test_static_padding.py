"""Static-size files give the same numbers as dynamic ones, for all that fits."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
from toy_files import static, write_toy_onnx

from sezm_infer import Session, SezmCalculator, SezmError, evaluate, open_session

ATOMS, EDGES = 70, 2000


@pytest.fixture(scope="module")
def static_session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The toy potential of fixed sizes."""
    path = tmp_path_factory.mktemp("static") / "toy.onnx"
    return open_session(write_toy_onnx(path, static(ATOMS, EDGES)))


def test_static_files_equal_dynamic_ones(
    static_session: Session, toy_onnx: Path, structure: ase.Atoms
) -> None:
    (padded,) = evaluate(static_session, [structure])
    (dynamic,) = evaluate(open_session(toy_onnx), [structure])
    assert padded.energy == dynamic.energy
    assert padded.forces.shape == (len(structure), 3)
    np.testing.assert_array_equal(padded.forces, dynamic.forces)
    np.testing.assert_array_equal(padded.virial, dynamic.virial)
    np.testing.assert_array_equal(padded.atom_energies, dynamic.atom_energies)


def test_several_structures_are_evaluated_one_by_one(
    static_session: Session, crystal: ase.Atoms
) -> None:
    first, second = evaluate(static_session, [crystal, crystal[:10]])
    assert len(first.forces) == 64
    assert len(second.forces) == 10


def test_too_many_atoms_are_refused_with_the_limit(
    static_session: Session, crystal: ase.Atoms
) -> None:
    crystal.calc = SezmCalculator(static_session)
    crystal.get_potential_energy()
    crystal.extend(crystal[:10].copy())
    crystal.positions[64:] += 0.7
    with pytest.raises(SezmError, match=r"74 atoms, but .* at most 70; .*--static"):
        crystal.get_potential_energy()


def test_too_many_edges_are_refused_with_the_limit(
    static_session: Session, crystal: ase.Atoms
) -> None:
    crystal.set_cell(crystal.cell * 0.7, scale_atoms=True)
    with pytest.raises(SezmError, match=r"\d+ edges, but .* at most 2000"):
        evaluate(static_session, [crystal])
