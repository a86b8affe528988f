"""Every misuse of pair_style sezm has its message, before anything wrong is computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from exported_files import ExportedFiles
from lammps_runs import Block, Lammps
from lammps_structures import ZOO, gas, small_cell

from sezm_infer.metadata import StaticSizes

BUNDLED = ZOO / "model.onnx"
CUTOFF, STEPS, SKIN = 6.0, 2, 0.5
STRESS = "compute st all stress/atom NULL\nrun 0"
FOUR = ("H", "C", "N", "O")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"elements": ("O",), "types": ("O", "H")}, "one element for each of the 2 atom types"),
        (
            {"elements": ("O", "Xe"), "types": ("O", "H")},
            "Xe (type 2) is none of the model's elements: ",
        ),
        ({"elements": ("O", "NULL"), "types": ("O", "H")}, "pair coeffs are not set"),
        ({"coeff": "pair_coeff 1 1 {model} {elements}"}, "must start with * * for pair style sezm"),
        ({"coeff": ""}, "pair coeffs are not set"),
        ({"units": "lj"}, "needs 'units metal' or 'units real', not lj"),
        ({"model": Path("/nonexistent.onnx")}, "/nonexistent.onnx: no such file"),
        ({"model": ZOO / "water64.extxyz"}, "water64.extxyz"),
        ({"setup": "newton off"}, "needs 'newton on'"),
        ({"pair_style": "sezm speed 3"}, "unknown keyword speed; it takes threads, device"),
        ({"pair_style": "sezm threads"}, "threads takes one whole number"),
        ({"pair_style": "sezm threads 0"}, "threads takes 1 or more"),
        ({"pair_style": "sezm threads two"}, "Expected integer parameter instead of 'two'"),
        ({"pair_style": "sezm device abacus"}, "device 'abacus' is unknown"),
        ({"pair_style": "sezm charge_spin 1"}, "charge_spin takes two numbers"),
        ({"pair_style": "sezm charge_spin 1 0"}, "takes no input 'charge_spin'"),
        ({"commands": "neigh_modify exclude type 1 2\nrun 0"}, "needs all pairs"),
        ({"commands": "group a id 1\nneigh_modify exclude group a all\nrun 0"}, "needs all pairs"),
        ({"commands": STRESS, "dump": "c_st[1]"}, "--atom-virial"),
        ({"commands": "compute st all centroid/stress/atom NULL\nrun 0"}, "centroid"),
        ({"commands": "compute g all group/group all\nrun 0"}, "group/group"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_misuse_has_its_message(lammps: Lammps, changes: dict, message: str) -> None:
    block = Block(gas(count=6), **({"model": BUNDLED} | changes))
    assert message in lammps.error(block)


def test_pairs_that_bonds_leave_out_are_missed(lammps: Lammps) -> None:
    block = Block(gas(count=6), BUNDLED, atom_style="bond")
    data = "atom_style bond\nregion r block 0 9 0 9 0 9\ncreate_box 2 r bond/types 1 "
    setup = data + "extra/bond/per/atom 1 extra/special/per/atom 2\n"
    script = setup + "create_atoms 1 single 1 1 1\ncreate_atoms 2 single 1 1 2\nmass * 1\n"
    script += "create_bonds single/bond 1 1 2\nbond_style zero\nbond_coeff *\n"
    script += "pair_style sezm\npair_coeff * * {model} O H\nrun 0"
    commands = "clear\nunits metal\nnewton on\n" + script
    block = Block(gas(count=6), BUNDLED, commands)
    assert "add 'special_bonds lj/coul 1 1 1'" in lammps.error(block)


def test_atoms_at_one_place_are_refused(lammps: Lammps) -> None:
    atoms = gas(count=6)
    atoms.positions[4] = atoms.positions[1] + 1e-7
    assert "atoms 2 and 5 are at the same place" in lammps.error(Block(atoms, BUNDLED))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shell": 12.4}, "add 'comm_modify cutoff 12.5'"),
        (
            {"commands": "neighbor 0.5 multi\ncomm_modify mode multi\nrun 0"},
            "add 'comm_modify mode single'",
        ),
    ],
)
def test_ghosts_of_several_ranks_must_reach_far_enough(
    lammps: Lammps, exported: ExportedFiles, changes: dict, message: str
) -> None:
    block = Block(gas(count=6), exported.path("tiny", atom_virial=True), **changes)
    assert CUTOFF * STEPS + SKIN == 12.5
    assert message in lammps.error(block, ranks=2)


def test_static_files_name_what_they_hold(lammps: Lammps, exported: ExportedFiles) -> None:
    static = StaticSizes(8, 24, 1)
    path = exported.path("charge_spin_default", static=static)
    few = gas(("H", "C"), count=8, length=20.0)
    (result,) = lammps.run(Block(few, path, elements=FOUR))
    assert np.isfinite(result.energy)
    many = gas(("H", "C"), count=9, length=20.0)
    message = lammps.error(Block(many, path, elements=FOUR))
    assert "9 atoms, but this static file takes at most 8" in message
    message = lammps.error(Block(small_cell(("H", "C")), path, elements=FOUR))
    assert "edges, but this static file takes at most 24" in message


def test_inputs_without_defaults_must_be_given(lammps: Lammps, exported: ExportedFiles) -> None:
    atoms = gas(("H", "C"), count=6)
    block = Block(atoms, exported.path("charge_spin"), elements=FOUR)
    assert "add 'charge_spin CHARGE SPIN' to pair_style sezm" in lammps.error(block)
    block = Block(atoms, exported.path("aparam"), elements=FOUR)
    assert "takes 'aparam', values of each atom" in lammps.error(block)


def test_direct_forces_have_no_pressure(lammps: Lammps, exported: ExportedFiles) -> None:
    block = Block(gas(("H", "C"), count=6), exported.path("dens_few"), elements=FOUR)
    (result,) = lammps.run(block)
    assert np.isfinite(result.energy)
    assert np.isnan(result.pressure).all()
    stress = Block(block.atoms, block.model, STRESS, elements=FOUR, dump="c_st[1]")
    assert "models with direct forces have no virial" in lammps.error(stress)
