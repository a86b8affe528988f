"""pair_style sezm: what LAMMPS says is what the Python runtime says, on any number of ranks."""

from __future__ import annotations

import os
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
import torch
from ase.io.lammpsdata import write_lammps_data
from programs import run
from recorded import model
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.simplify_graph import simplify_graph
from sezm_export.trace import trace

from sezm_infer.calculator import SezmCalculator

CONFIGURATION = "tiny"
KILOCALORIES_PER_MOLE = 23.060549
RANKS_AGREE = 1e-10

RUN = """
plugin load {plugin}
units {units}
atom_style atomic
newton on
comm_modify cutoff {shell}
neighbor 0.5 bin
{setup}
read_data {data}
pair_style sezm
pair_coeff * * {model} {elements}
thermo_style custom step pe ke etotal pxx pyy pzz pxy pxz pyz
thermo_modify format float %.15g
{commands}
write_dump all custom {dump} id type x y z fx fy fz modify sort id format float %.15g
"""


@pytest.fixture(scope="module")
def lammps(build: Path) -> Path:
    """The folder with lmp and mpiexec."""
    folder = Path(os.environ.get("SEZM_LAMMPS_BIN", Path(os.sys.executable).parent))
    if not (build / "sezmplugin.so").exists() or not (folder / "lmp").exists():
        pytest.skip("LAMMPS (the extra 'lammps') or build/cpp/sezmplugin.so is not there")
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lammps") / "tiny.onnx"
    whole = model(CONFIGURATION, torch.float64)
    metadata = describe(whole, "0" * 64)
    file_format = format_of(path)
    file_format.save(file_format.lower(simplify_graph(trace(whole)), metadata), metadata, path)
    return path


class Lammps:
    """Runs inputs on a structure; results are the dump's rows and the thermo table."""

    def __init__(self, bin: Path, build: Path, model: Path, folder: Path) -> None:
        self.bin, self.build, self.model, self.folder = bin, build, model, folder
        calculator = SezmCalculator(model, threads=1)
        self.calculator = calculator
        metadata = calculator.session.metadata
        self.elements = metadata.elements[:2]
        self.shell = metadata.cutoff * metadata.message_passing_steps + 0.5

    def input(self, atoms: ase.Atoms, commands: str, **changes: object) -> Path:
        data = self.folder / "in.data"
        write_lammps_data(data, atoms, specorder=self.elements, masses=True)
        values = {
            "plugin": self.build / "sezmplugin.so",
            "units": "metal",
            "shell": self.shell,
            "setup": "",
            "data": data,
            "model": self.model,
            "elements": " ".join(self.elements),
            "commands": commands,
            "dump": self.folder / "out.dump",
        }
        path = self.folder / "in.lmp"
        path.write_text(RUN.format(**(values | changes)))
        return path

    def run(self, atoms: ase.Atoms, commands: str, ranks: int = 1, **changes: object):
        command = [self.bin / "lmp", "-in", self.input(atoms, commands, **changes)]
        if ranks > 1:
            command = [self.bin / "mpiexec", "-n", str(ranks), *command]
        text = run(*command, cwd=self.folder)
        rows = np.loadtxt(self.folder / "out.dump", skiprows=9, ndmin=2)
        return rows, thermo(text)

    def error(self, atoms: ase.Atoms, ranks: int = 1, **changes: object) -> str:
        command = [self.bin / "lmp", "-in", self.input(atoms, "run 0", **changes)]
        if ranks > 1:
            command = [self.bin / "mpiexec", "-n", str(ranks), *command]
        log = self.folder / "log.lammps"
        run("sh", "-c", '"$@" >out 2>&1; test $? -ne 0', "sh", *command, cwd=self.folder)
        return log.read_text() + (self.folder / "out").read_text()


def thermo(text: str) -> np.ndarray:
    """Rows of the last thermo table."""
    lines = text.splitlines()
    start = max(n for n, line in enumerate(lines) if line.split()[:1] == ["Step"])
    rows = []
    for line in lines[start + 1 :]:
        if line.startswith("Loop"):
            break
        rows.append([float(word) for word in line.split()])
    return np.array(rows)


@pytest.fixture
def engine(lammps: Path, build: Path, exported: Path, tmp_path: Path) -> Lammps:
    return Lammps(lammps, build, exported, tmp_path)


def gas(elements: tuple[str, ...], count: int = 40, length: float = 22.0) -> ase.Atoms:
    """Atoms strewn over a box, none closer than 1.8 Angstrom, hot."""
    rng = np.random.default_rng(1)
    positions: list[np.ndarray] = []
    while len(positions) < count:
        trial = rng.uniform(0, length, 3)
        apart = [np.linalg.norm((trial - p + length / 2) % length - length / 2) for p in positions]
        if min(apart, default=9.0) > 1.8:
            positions.append(trial)
    symbols = [elements[n % 2] for n in range(count)]
    return ase.Atoms(symbols, positions, cell=np.eye(3) * length, pbc=True)


def small_cell(elements: tuple[str, ...]) -> ase.Atoms:
    """A skewed cell smaller than the cutoff."""
    cell = [[3.4, 0, 0], [0.6, 3.6, 0], [-0.5, 0.7, 3.9]]
    return ase.Atoms([elements[0], elements[1]], [[0, 0, 0], [1.5, 1.4, 1.6]], cell=cell, pbc=True)


def read_back(atoms: ase.Atoms, rows: np.ndarray, engine: Lammps) -> ase.Atoms:
    """The structure as LAMMPS had it (its files round positions), with the Python calculator."""
    atoms = atoms.copy()
    atoms.positions = rows[:, 2:5]
    atoms.calc = engine.calculator
    return atoms


@pytest.mark.parametrize("make", [gas, small_cell])
@pytest.mark.parametrize("units", ["metal", "real"])
def test_energy_forces_and_virial_are_those_of_python(engine: Lammps, make, units: str) -> None:
    atoms = make(engine.elements)
    rows, table = engine.run(atoms, "run 0", units=units)
    atoms = read_back(atoms, rows, engine)
    scale = {"metal": 1.0, "real": KILOCALORIES_PER_MOLE}[units]
    assert table[0, 1] == pytest.approx(scale * atoms.get_potential_energy(), rel=1e-8)
    forces = scale * atoms.get_forces()
    np.testing.assert_allclose(rows[:, 5:], forces, atol=1e-7 * np.abs(forces).max())
    bar = {"metal": 1602176.6208, "real": 68568.415}[units]  # LAMMPS' nktv2p
    pressure = -atoms.get_stress()[[0, 1, 2, 5, 4, 3]] * scale * bar
    np.testing.assert_allclose(
        table[0, 4:], pressure, rtol=1e-5, atol=1e-5 * np.abs(pressure).max()
    )


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_agree_while_atoms_migrate(engine: Lammps, ranks: int) -> None:
    atoms = gas(engine.elements)
    commands = (
        "velocity all create 3000 7 loop geom\nfix 1 all nve\ntimestep 0.001\nthermo 5\nrun 20"
    )
    rows, table = engine.run(atoms, commands)
    many_rows, many_table = engine.run(atoms, commands, ranks=ranks)
    assert np.abs(many_rows - rows)[:, 2:].max() <= RANKS_AGREE * max(np.abs(rows).max(), 1.0)
    np.testing.assert_allclose(many_table[:, 1], table[:, 1], rtol=RANKS_AGREE)


def test_an_empty_rank_is_harmless(engine: Lammps) -> None:
    atoms = gas(engine.elements, count=6)
    atoms.positions[:, 0] *= 0.4
    rows, _ = engine.run(atoms, "run 0")
    many_rows, _ = engine.run(atoms, "run 0", ranks=2, setup="processors 2 1 1")
    np.testing.assert_allclose(many_rows, rows, atol=1e-12 + 1e-10 * np.abs(rows).max())


def test_minimisation_and_changing_cells_run(engine: Lammps) -> None:
    atoms = gas(engine.elements, count=12, length=12.0)
    commands = (
        "timestep 0.0002\nvelocity all create 300 7\nfix 1 all npt temp 300 300 0.1 iso 0 0 1\n"
        "run 5\nunfix 1\nminimize 0 1e-3 3 10\nrun 0"
    )
    _, table = engine.run(atoms, commands)
    assert np.isfinite(table).all()


def test_misuse_has_its_message(engine: Lammps) -> None:
    atoms = gas(engine.elements, count=6)
    assert "one element for each of the 2 atom types" in engine.error(atoms, elements="O")
    assert "Xe (type 2) is none of the elements" in engine.error(
        atoms, elements=f"{engine.elements[0]} Xe"
    )
    assert "needs 'units metal' or 'units real', not lj" in engine.error(atoms, units="lj")
    assert "no such file" in engine.error(atoms, model="/nonexistent")
    assert "needs 'newton on'" in engine.error(atoms, setup="newton off")
    assert f"add 'comm_modify cutoff {engine.shell:g}'" in engine.error(
        atoms, ranks=2, shell=engine.shell - 1
    )
