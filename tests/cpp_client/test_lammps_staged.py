"""Staged files in LAMMPS: ranks compute their own atoms, hand on features, and say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ase
import numpy as np
import pytest
from exported_files import ExportedFiles
from lammps_agreement import assert_same
from lammps_runs import SKIN, Block, Lammps, Result
from lammps_structures import gas, recorded_structure, small_cell

from sezm_infer.metadata import Metadata
from sezm_infer.sessions import open_session

NO_SHELL = 0.0  # one cutoff and the skin, which LAMMPS chooses by itself

HOT = "velocity all create 3000 7 loop geom\nfix 1 all nve\ntimestep 0.001\nthermo 5\nrun 20"

COUNTS = "c_counts[1] c_counts[2] c_counts[3]"
"""Bytes, computed atoms, ghosts."""


@pytest.fixture
def staged(exported: ExportedFiles) -> Path:
    """A staged file in float64 with virials of atoms."""
    return exported.path("tiny", staged=True, atom_virial=True)


@pytest.fixture
def ordinary(exported: ExportedFiles) -> Path:
    return exported.path("tiny", atom_virial=True)


def test_ranks_say_what_one_rank_and_an_ordinary_file_say(
    lammps: Lammps, staged: Path, ordinary: Path
) -> None:
    block = Block(gas(), ordinary, HOT, shell=NO_SHELL)
    expected, one = lammps.run(block, replace(block, model=staged))
    assert_same(one, expected)
    for ranks in (2, 4):
        (many,) = lammps.run(replace(block, model=staged), ranks=ranks)
        assert_same(many, expected)


def test_energies_and_virials_of_atoms_are_sent_home(
    lammps: Lammps, staged: Path, ordinary: Path
) -> None:
    shares = "c_s[1] c_s[2] c_s[3] c_s[4] c_s[5] c_s[6] c_e"
    block = Block(
        gas(count=24, length=16.0),
        ordinary,
        groups="compute s all stress/atom NULL\ncompute e all pe/atom",
        dump=shares,
        shell=NO_SHELL,
    )
    (expected,) = lammps.run(block)
    (found,) = lammps.run(replace(block, model=staged), ranks=4)
    assert_same(found, expected)
    for name in shares.split():
        scale = np.abs(expected.dump[name]).max()
        np.testing.assert_allclose(found.dump[name], expected.dump[name], atol=1e-9 * scale, rtol=0)


@pytest.mark.parametrize(
    ("ranks", "setup", "commands"),
    [
        (2, "processors 2 1 1", ""),
        (4, "processors 4 1 1", "balance 1.0 x 0.03 0.07 0.9\n"),
        (3, "comm_style tiled", "balance 1.0 rcb\n"),
    ],
    ids=["an empty rank", "slices", "tiles"],
)
def test_uneven_decompositions_are_harmless(
    lammps: Lammps, staged: Path, ordinary: Path, ranks: int, setup: str, commands: str
) -> None:
    atoms = gas(count=16)
    atoms.positions[:, 0] *= 0.4  # nobody lives at the other side
    run = "velocity all create 300 7 loop geom\nfix 1 all nve\ntimestep 0.0005\nrun 3"
    block = Block(atoms, ordinary, run, shell=NO_SHELL)
    (expected,) = lammps.run(block)
    (found,) = lammps.run(
        replace(block, model=staged, setup=setup, commands=commands + run), ranks=ranks
    )
    assert_same(found, expected)


@pytest.mark.parametrize("ranks", [2, 4])
def test_boxes_may_be_smaller_than_the_cutoff(
    lammps: Lammps, staged: Path, ordinary: Path, ranks: int
) -> None:
    block = Block(small_cell(), ordinary, shell=NO_SHELL)
    (expected,) = lammps.run(block)
    (found,) = lammps.run(replace(block, model=staged), ranks=ranks)
    assert_same(found, expected)


def test_a_first_stage_may_only_see_how_close_neighbours_are(
    lammps: Lammps, exported: ExportedFiles
) -> None:
    path = exported.path("zbl", staged=True)
    block = Block(
        recorded_structure("zbl", "window4"), exported.path("zbl"), setup="processors 2 1 1"
    )
    (expected,) = lammps.run(replace(block, setup=""))
    (found,) = lammps.run(replace(block, model=path, shell=NO_SHELL), ranks=2)
    assert metadata_of(path).stages[0].carried == 0
    assert len(set(found.dump["proc"])) == 2
    assert_same(found, expected)


def test_single_precision_travels_as_it_is(lammps: Lammps, exported: ExportedFiles) -> None:
    path = exported.path("tiny", "float32", staged=True)
    block = counting(gas(), path)
    (expected,) = lammps.run(replace(block, model=exported.path("tiny", "float32")))
    (found,) = lammps.run(block, ranks=4)
    scale = np.abs(expected.forces).max()
    np.testing.assert_allclose(found.forces, expected.forces, atol=3e-6 * scale, rtol=0)
    assert_bytes(found, metadata_of(path), itemsize=4)


def test_ranks_compute_their_own_atoms_and_receive_one_cutoff_of_ghosts(
    lammps: Lammps, staged: Path, ordinary: Path
) -> None:
    atoms = gas()
    metadata = metadata_of(staged)
    cutoff, steps = metadata.cutoff, metadata.message_passing_steps
    block = replace(counting(atoms, staged), setup="processors 2 1 1")
    (found,) = lammps.run(block, ranks=2)
    assert counts(found)[1] == len(atoms)
    assert counts(found)[2] == ghosts(atoms, 2, cutoff + SKIN)
    assert_bytes(found, metadata, itemsize=8)

    shell = cutoff * steps + SKIN
    (before,) = lammps.run(replace(block, model=ordinary, shell=shell), ranks=2)
    n_ghosts = ghosts(atoms, 2, shell)
    np.testing.assert_array_equal(counts(before), [0, len(atoms) + n_ghosts, n_ghosts])


def test_barostats_and_minimisers_agree(lammps: Lammps, staged: Path, ordinary: Path) -> None:
    block = Block(
        gas(count=12, length=12.0),
        ordinary,
        "thermo 2\ntimestep 0.0002\nvelocity all create 300 7 loop geom\n"
        "fix 1 all npt temp 300 300 0.1 aniso 0 0 1\nrun 10\nunfix 1\nminimize 0 1e-3 4 20",
        shell=NO_SHELL,
    )
    (expected,) = lammps.run(block)
    (found,) = lammps.run(replace(block, model=staged), ranks=2)
    for here, there in zip(expected.tables, found.tables, strict=True):
        for name in here:
            scale = max(np.abs(here[name]).max(), 1.0)
            np.testing.assert_allclose(
                there[name], here[name], atol=1e-8 * scale, err_msg=name, rtol=0
            )
    assert np.ptp(found.tables[0]["Volume"]) > 0


def test_it_may_be_part_of_a_hybrid(lammps: Lammps, staged: Path, ordinary: Path) -> None:
    block = Block(
        gas(),
        ordinary,
        pair_style="hybrid/overlay sezm zero 3.0",
        coeff="pair_coeff * * sezm {model} {elements}\npair_coeff * * zero",
        shell=NO_SHELL,
    )
    (expected,) = lammps.run(block)
    (found,) = lammps.run(replace(block, model=staged), ranks=4)
    assert_same(found, expected)


def test_an_ordinary_file_without_its_ghosts_hears_of_staged_ones(
    lammps: Lammps, ordinary: Path
) -> None:
    said = lammps.error(Block(gas(), ordinary, shell=NO_SHELL), ranks=2)
    assert "sezm export --staged" in said
    assert "comm_modify cutoff 12.5" in said


def metadata_of(path: Path) -> Metadata:
    return open_session(path, threads=1).metadata


def counting(atoms: ase.Atoms, path: Path) -> Block:
    return Block(
        atoms,
        path,
        coeff="pair_coeff * * {model} {elements}\ncompute counts all pair sezm",
        thermo=f"step pe pxx pyy pzz pxy pxz pyz {COUNTS}",
        shell=NO_SHELL,
    )


def counts(found: Result) -> np.ndarray:
    return np.array([found.tables[-1][name][-1] for name in COUNTS.split()])


def assert_bytes(found: Result, metadata: Metadata, itemsize: int) -> None:
    """Each ghost gets its features, and sends gradients of them, once after each stage."""
    n_bytes, _, n_ghosts = counts(found)
    widths = sum(stage.sent for stage in metadata.stages)
    assert n_bytes == 2 * itemsize * widths * n_ghosts > 0


def ghosts(atoms: ase.Atoms, ranks: int, shell: float) -> int:
    """Images within ``shell`` of the slabs into which LAMMPS cuts a cubic box along x."""
    length = atoms.cell[0, 0]
    reach = int(np.ceil(shell / length))
    shifts = np.arange(-reach, reach + 1) * length
    total = -len(atoms)
    for rank in range(ranks):
        low = np.array([rank * length / ranks, 0, 0])
        high = np.array([(rank + 1) * length / ranks, length, length])
        near = [
            np.sum(
                (atoms.positions[:, x, None] + shifts >= low[x] - shell)
                & (atoms.positions[:, x, None] + shifts < high[x] + shell),
                axis=1,
            )
            for x in range(3)
        ]
        total += int(np.sum(np.prod(near, axis=0)))
    return total
