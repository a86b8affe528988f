"""However the box is divided among ranks, the results are the same."""

from __future__ import annotations

import numpy as np
import pytest
from exported_files import ExportedFiles
from lammps_agreement import assert_same
from lammps_runs import Block, Lammps
from lammps_structures import gas, small_cell

HOT = "velocity all create 10000 7 loop geom\nfix 1 all nve\ntimestep 0.001\nthermo 5\n"


@pytest.fixture
def path(exported: ExportedFiles):
    return exported.path("tiny", atom_virial=True)


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_agree_while_atoms_migrate(lammps: Lammps, path, ranks: int) -> None:
    commands = HOT + "run 0\nwrite_dump all custom {folder}/start.dump id proc modify sort id\n"
    block = Block(gas(), path, commands + "run 20")
    (one,) = lammps.run(block)
    (many,) = lammps.run(block, ranks=ranks)
    assert_same(many, one)
    start = np.loadtxt(lammps.folder / "start.dump", skiprows=9)
    assert np.count_nonzero(start[:, 1] != many.dump["proc"]) >= 2


@pytest.mark.parametrize(
    ("ranks", "setup", "commands"),
    [
        (2, "processors 2 1 1", ""),
        (4, "processors 4 1 1", "balance 1.0 x 0.03 0.07 0.9\n"),
        (3, "comm_style tiled", "balance 1.0 rcb\n"),
    ],
    ids=["half of it vacuum", "slices", "tiles"],
)
def test_uneven_decompositions_are_harmless(
    lammps: Lammps, path, ranks: int, setup: str, commands: str
) -> None:
    atoms = gas(count=16)
    atoms.positions[:, 0] *= 0.4  # nobody lives at the other side
    run = "velocity all create 300 7 loop geom\nfix 1 all nve\ntimestep 0.0005\nrun 3"
    (one,) = lammps.run(Block(atoms, path, run))
    (many,) = lammps.run(Block(atoms, path, commands + run, setup=setup), ranks=ranks)
    assert_same(many, one)
    if not setup.startswith("comm_style"):
        assert len(set(many.dump["proc"])) < ranks


@pytest.mark.parametrize("ranks", [2, 4])
def test_boxes_may_be_smaller_than_the_cutoff(lammps: Lammps, path, ranks: int) -> None:
    block = Block(small_cell(), path)
    (one,) = lammps.run(block)
    (many,) = lammps.run(block, ranks=ranks)
    assert_same(many, one)


def test_barostats_and_minimisers_agree(lammps: Lammps, path) -> None:
    atoms = gas(count=12, length=12.0)
    block = Block(
        atoms,
        path,
        "thermo 2\ntimestep 0.0002\nvelocity all create 300 7 loop geom\n"
        "fix 1 all npt temp 300 300 0.1 aniso 0 0 1\nrun 10\nunfix 1\n"
        "minimize 0 1e-3 4 20\nfix 2 all box/relax iso 0\nminimize 0 1e-3 3 10",
    )
    (one,) = lammps.run(block)
    (many,) = lammps.run(block, ranks=2)
    assert len(one.tables) == 3
    for here, there in zip(one.tables, many.tables, strict=True):
        for name in here:
            scale = max(np.abs(here[name]).max(), 1.0)
            np.testing.assert_allclose(
                there[name], here[name], atol=1e-8 * scale, err_msg=name, rtol=0
            )
    npt, fixed, _ = one.tables
    assert np.ptp(npt["Volume"]) > 0
    assert fixed["PotEng"][-1] < fixed["PotEng"][0]
