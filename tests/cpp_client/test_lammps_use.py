"""What people do with LAMMPS: many runs, restarts, atoms that come and go, groups, mixed styles."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
from exported_files import ExportedFiles
from lammps_runs import Block, Lammps, Result
from lammps_structures import ZOO, gas

from sezm_infer.calculator import SezmCalculator

NVE = "velocity all create 300 7 loop geom\nfix 1 all nve\ntimestep 0.0005\nthermo 5\n"
AGREE = 1e-10


@pytest.fixture
def path(exported: ExportedFiles) -> Path:
    return exported.path("tiny", atom_virial=True)


def test_runs_follow_each_other(lammps: Lammps, path: Path) -> None:
    atoms = gas(count=16, length=14.0)
    once, twice = lammps.run(
        Block(atoms, path, NVE + "run 10"), Block(atoms, path, NVE + "run 5\nrun 5")
    )
    assert_same(twice, once)


def test_one_process_takes_one_model_after_the_other(lammps: Lammps, path: Path) -> None:
    atoms = gas(count=16, length=14.0)
    other = ZOO / "model.onnx"
    commands = "run 0\npair_style sezm threads 1\npair_coeff * * {other} O H\nrun 0\n"
    first, second, again = lammps.run(
        Block(atoms, path), Block(atoms, path, commands.format(other=other)), Block(atoms, path)
    )
    assert again.energy == first.energy == second.tables[0]["PotEng"][0]
    atoms.calc = SezmCalculator(other, threads=1)
    assert second.energy == pytest.approx(atoms.get_potential_energy(), rel=1e-6)


@pytest.mark.parametrize("ranks", [1, 2])
def test_restarts_go_on_as_if_nothing_had_happened(lammps: Lammps, path: Path, ranks: int) -> None:
    atoms = gas(count=16, length=14.0)
    start = Block(atoms, path, NVE + "run 5\nwrite_restart {folder}/five\nrun 5")
    go_on = (
        "clear\nread_restart {folder}/five\ncomm_modify cutoff 13\nneighbor 0.5 bin\n"
        "pair_style sezm\npair_coeff * * {model} {elements}\nfix 1 all nve\n"
        "thermo_style custom step pe press pxx pyy pzz pxy pxz pyz\n"
        "thermo_modify format float %.17g\nthermo 5\nrun 5"
    )
    (straight,) = lammps.run(start, ranks=ranks)
    (restarted,) = lammps.run(Block(atoms, path, go_on), ranks=ranks)
    assert restarted.tables[-1]["Step"][-1] == 10
    assert_same(restarted, straight)


@pytest.mark.parametrize("ranks", [1, 2])
def test_atoms_come_and_go(lammps: Lammps, path: Path, ranks: int) -> None:
    atoms = gas(count=20, length=16.0)
    atoms.pbc = [True, True, False]
    atoms.positions[3, 2] = 15.99
    commands = (
        "velocity all set 0 0 0\nset atom 4 vz 100\nfix 1 all nve\ntimestep 0.001\n"
        "thermo_modify lost ignore\nneigh_modify delay 0 every 1 check no\nrun 5\n"
        "create_atoms 1 single 1.0 1.0 0.5\nmass 1 15.999\nrun 2\n"
        "region top block 0 16 0 16 13 15.5\n"
        "fix 2 all deposit 1 2 2 77 region top near 1.0 attempt 100 vz 0 0\nrun 4"
    )
    (result,) = lammps.run(Block(atoms, path, commands), ranks=ranks)
    counts = [table["Atoms"][-1] for table in result.tables]
    assert counts == [19, 20, 21]
    assert 4 not in result.dump["id"]
    left = ase.Atoms(
        [("O", "H")[int(kind) - 1] for kind in result.dump["type"]],
        result.positions,
        cell=atoms.cell,
        pbc=atoms.pbc,
        calculator=SezmCalculator(path, threads=1),
    )
    forces = left.get_forces()
    np.testing.assert_allclose(result.forces, forces, atol=AGREE * np.abs(forces).max(), rtol=0)
    assert result.energy == pytest.approx(left.get_potential_energy(), rel=AGREE)


def test_groups_move_alone_and_feel_everything(lammps: Lammps, path: Path) -> None:
    atoms = gas(count=16, length=14.0)
    commands = "group few id 1:4\nvelocity all set 0 0 0\nfix 1 few nve\ntimestep 0.001\nrun 5"
    still, moved = lammps.run(Block(atoms, path), Block(atoms, path, commands))
    same = np.all(moved.positions == still.positions, axis=1)
    np.testing.assert_array_equal(same, np.arange(16) >= 4)
    atoms.positions = moved.positions
    atoms.calc = SezmCalculator(path, threads=1)
    np.testing.assert_allclose(moved.forces, atoms.get_forces(), atol=1e-9, rtol=0)


def test_types_may_share_an_element_or_have_no_atoms(lammps: Lammps, path: Path) -> None:
    atoms = gas(count=16, length=14.0)
    many = atoms.copy()
    many.symbols[2:8:2] = "S"  # as names of types: another kind of oxygen, and one that is absent
    plain = Block(atoms, path)
    named = Block(many, path, elements=("O", "H", "O", "H", "O"), types=("O", "H", "S", "C", "N"))
    for ranks in (1, 2):
        one, two = lammps.run(plain, named, ranks=ranks)
        assert set(two.dump["type"]) == {1, 2, 3}
        assert_same(two, one)


@pytest.mark.parametrize("ranks", [1, 2])
def test_styles_are_added_by_hybrid_overlay(lammps: Lammps, path: Path, ranks: int) -> None:
    atoms = gas(count=16, length=14.0)
    lj = "pair_coeff * * {}lj/cut 0.01 1.5"
    alone, other, both = lammps.run(
        Block(atoms, path),
        Block(atoms, path, pair_style="lj/cut 5.0", coeff="pair_coeff * * 0.01 1.5"),
        Block(
            atoms,
            path,
            pair_style="hybrid/overlay sezm threads 1 lj/cut 5.0",
            coeff="pair_coeff * * sezm {model} {elements}\n" + lj.format(""),
        ),
        ranks=ranks,
    )
    assert both.energy == pytest.approx(alone.energy + other.energy, rel=1e-12)
    np.testing.assert_allclose(both.forces, alone.forces + other.forces, atol=1e-10, rtol=0)
    np.testing.assert_allclose(both.pressure, alone.pressure + other.pressure, rtol=1e-9)


@pytest.mark.parametrize("ranks", [1, 2])
def test_hybrid_leaves_null_types_to_other_styles(lammps: Lammps, path: Path, ranks: int) -> None:
    atoms = gas(count=18, length=14.0)
    atoms.symbols[::3] = "Ar"
    block = Block(
        atoms,
        path,
        elements=("O", "H", "NULL"),
        types=("O", "H", "Ar"),
        pair_style="hybrid sezm lj/cut 5.0",
        coeff="pair_coeff * * sezm {model} {elements}\npair_coeff 1*3 3 lj/cut 0.01 2.0",
    )
    lj = Block(
        atoms,
        path,
        elements=("O", "H", "NULL"),
        types=("O", "H", "Ar"),
        pair_style="lj/cut 5.0",
        coeff="pair_coeff * * 0.0 1.0\npair_coeff 1*3 3 0.01 2.0",
    )
    both, other = lammps.run(block, lj, ranks=ranks)
    kept = np.flatnonzero(atoms.numbers != 18)
    water = atoms[kept]
    water.positions = both.positions[kept]
    water.calc = SezmCalculator(path, threads=1)
    expected = other.forces
    expected[kept] += water.get_forces()
    energy = other.energy + water.get_potential_energy()
    assert both.energy == pytest.approx(energy, rel=AGREE)
    np.testing.assert_allclose(both.forces, expected, atol=AGREE * np.abs(expected).max(), rtol=0)


def assert_same(found: Result, expected: Result) -> None:
    np.testing.assert_allclose(found.positions, expected.positions, atol=AGREE * 10, rtol=0)
    scale = np.abs(expected.forces).max()
    np.testing.assert_allclose(found.forces, expected.forces, atol=AGREE * scale, rtol=0)
    assert found.energy == pytest.approx(expected.energy, rel=AGREE)
    scale = np.abs(expected.pressure).max()
    np.testing.assert_allclose(found.pressure, expected.pressure, atol=1e-9 * scale, rtol=0)
