"""LAMMPS under test: inputs from structures, results as arrays, messages of failures."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import ase
import ase.io
import numpy as np
from ase.io.lammpsdata import write_lammps_data

SKIN = 0.5
DEADLOCK = 300  # seconds, in place of for ever
COLUMNS = "id type proc x y z fx fy fz"

SETUP = """
clear
units {units}
atom_style {atom_style}
boundary {boundary}
newton on
{setup}
neighbor {skin} bin
comm_modify cutoff {shell}
read_data {data} {read}
{groups}
pair_style {pair_style}
{coeff}
thermo_style custom {thermo}
thermo_modify format float %.17g
"""

THERMO = "step atoms pe ke etotal press pxx pyy pzz pxy pxz pyz vol temp"


@dataclass
class Block:
    """One simulation; LAMMPS' `clear` stands between those of one process.

    ``elements`` are what ``pair_coeff`` names, one per type; ``types`` the symbols that the types
    of the structure stand for, the same unless given. ``dump`` adds columns to the last dump.
    ``shell`` is the ghost cutoff; with one rank it does not matter.
    """

    atoms: ase.Atoms
    model: Path
    commands: str = "run 0"
    elements: tuple[str, ...] = ("O", "H")
    types: tuple[str, ...] = ()
    units: str = "metal"
    atom_style: str = "atomic"
    setup: str = ""
    read: str = ""
    groups: str = ""
    pair_style: str = "sezm"
    coeff: str = "pair_coeff * * {model} {elements}"
    thermo: str = THERMO
    shell: float = 13.0
    dump: str = ""

    def text(self, folder: Path, number: int) -> str:
        data = folder / f"{number}.data"
        types = self.types or tuple(e for e in dict.fromkeys(self.elements) if e != "NULL")
        write_lammps_data(data, self.atoms, specorder=types, masses=True)
        names = {"model": self.model, "elements": " ".join(self.elements)}
        return SETUP.format(
            units=self.units,
            atom_style=self.atom_style,
            boundary=" ".join("p" if periodic else "f" for periodic in self.atoms.pbc),
            setup=self.setup,
            skin=SKIN,
            shell=self.shell,
            data=data,
            read=self.read,
            groups=self.groups,
            pair_style=self.pair_style,
            coeff=self.coeff.format(**names),
            thermo=self.thermo,
        ) + (
            f"{self.commands.format(folder=folder, **names)}\n"
            f"write_dump all custom {folder}/{number}.dump {COLUMNS} {self.dump} "
            "modify sort id format float %.17g\n"
            f'print "END OF BLOCK"\n'
        )


@dataclass
class Result:
    """The last dump by column, and the thermo tables by column."""

    dump: dict[str, np.ndarray]
    tables: list[dict[str, np.ndarray]] = field(default_factory=list)

    @property
    def positions(self) -> np.ndarray:
        return np.stack([self.dump[key] for key in ("x", "y", "z")], axis=1)

    @property
    def forces(self) -> np.ndarray:
        return np.stack([self.dump[key] for key in ("fx", "fy", "fz")], axis=1)

    @property
    def energy(self) -> float:
        return float(self.tables[-1]["PotEng"][-1])

    @property
    def pressure(self) -> np.ndarray:
        """xx yy zz xy xz yz of the last row."""
        return np.array([self.tables[-1][f"P{a}"][-1] for a in "xx yy zz xy xz yz".split()])


class Lammps:
    """The program with the plugin, run in a folder of its own."""

    def __init__(self, programs: Path, plugin: Path, folder: Path) -> None:
        self.programs, self.plugin, self.folder = programs, plugin, folder

    def run(self, *blocks: Block, ranks: int = 1) -> list[Result]:
        """Results of simulations that one process, or ``ranks`` processes, run one by one."""
        done = self._start(blocks, ranks)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
        logs = done.stdout.split("END OF BLOCK")
        return [
            Result(_dump(self.folder / f"{number}.dump"), _tables(logs[number]))
            for number in range(len(blocks))
        ]

    def run_file(self, path: Path, variables: dict[str, object], ranks: int = 1) -> str:
        """What an input script prints, run in its own folder with variables set."""
        options = [word for name, value in variables.items() for word in ("-var", name, str(value))]
        command = [self.programs / "lmp", "-in", path, "-log", "none", *options]
        if ranks > 1:
            command = [self.programs / "mpiexec", "-n", str(ranks), *command]
        done = _finished(command, path.parent)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
        return done.stdout

    def error(self, block: Block, ranks: int = 1) -> str:
        """What LAMMPS complains of."""
        done = self._start([block], ranks)
        assert done.returncode != 0, "LAMMPS ran, and should have refused"
        said = re.findall(r"ERROR.*", done.stdout + done.stderr)
        assert said, done.stdout + done.stderr
        return said[0]

    def _start(self, blocks: list[Block], ranks: int) -> subprocess.CompletedProcess:
        text = f"plugin load {self.plugin}\n"
        text += "".join(block.text(self.folder, number) for number, block in enumerate(blocks))
        source = self.folder / "in.lmp"
        source.write_text(text)
        command = [self.programs / "lmp", "-in", source, "-log", "none"]
        if ranks > 1:
            command = [self.programs / "mpiexec", "-n", str(ranks), *command]
        return _finished(command, self.folder)


def _finished(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess:
    options = {"capture_output": True, "text": True, "timeout": DEADLOCK}
    return subprocess.run(command, cwd=folder, **options)


def _dump(path: Path) -> dict[str, np.ndarray]:
    lines = path.read_text().splitlines()
    names = lines[8].split()[2:]
    rows = np.array([line.split() for line in lines[9:]], float).reshape(-1, len(names))
    return dict(zip(names, rows.T, strict=True))


def _tables(text: str) -> list[dict[str, np.ndarray]]:
    tables = []
    names: list[str] = []
    rows: list[list[float]] = []
    for line in text.splitlines():
        if line.split()[:1] == ["Step"]:
            names, rows = line.split(), []
        elif line.startswith("Loop time") and names:
            tables.append(dict(zip(names, np.array(rows).T, strict=True)))
            names = []
        elif names and re.match(r"\s*\d+ ", line):
            rows.append([float(word) for word in line.split()])
    return tables
