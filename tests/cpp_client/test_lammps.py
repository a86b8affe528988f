"""pair_style sezm: what LAMMPS says is what the Python runtime says of the same file."""

from __future__ import annotations

import ase
import ase.io
import numpy as np
import pytest
from exported_files import ExportedFiles
from lammps_runs import Block, Lammps, Result
from lammps_structures import ZOO, gas, recorded_structure, small_cell
from recorded import systems_of

from sezm_infer.calculator import SezmCalculator

TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
"""Of the largest force, and of energy and virial."""

BAR = {"metal": 1.6021765e6, "real": 68568.415}
"""LAMMPS' unit of pressure, in its unit of energy per cubic Angstrom."""

KILOCALORIES_PER_MOLE = 23.060549
"""In one eV, LAMMPS' own value."""

MODELS = [
    ("tiny", "float64"),
    ("mini", "float64"),
    ("mini", "float32"),
    ("zbl", "float64"),
    ("zbl", "float32"),
    ("bundled", "float32"),
]


@pytest.mark.parametrize(("configuration", "dtype"), MODELS)
def test_results_are_those_of_python(
    lammps: Lammps, exported: ExportedFiles, configuration: str, dtype: str
) -> None:
    path = exported.path(configuration, dtype, atom_virial=configuration == "tiny")
    names = [name for name in systems_of(configuration) if name != "water192"]
    structures = [recorded_structure(configuration, name) for name in names]
    structures += [gas(), small_cell()]
    if configuration == "bundled":
        structures.append(ase.io.read(ZOO / "water64.extxyz"))
    results = lammps.run(*(Block(atoms, path) for atoms in structures))
    calculator = SezmCalculator(path, threads=1)
    for atoms, result in zip(structures, results, strict=True):
        assert_same(result, atoms, calculator, TOLERANCES[dtype])


def test_real_units_are_metal_units_in_kilocalories(
    lammps: Lammps, exported: ExportedFiles
) -> None:
    path = exported.path("tiny", atom_virial=True)
    atoms = gas(count=12, length=12.0)
    commands = "velocity all create 300 7 loop geom\nfix 1 all nve\ntimestep {}\nrun 10"
    metal, real = lammps.run(
        Block(atoms, path, commands.format(0.0005)),
        Block(atoms, path, commands.format(0.5), units="real"),
    )
    scale = KILOCALORIES_PER_MOLE
    assert real.energy == pytest.approx(scale * metal.energy, rel=1e-6)
    np.testing.assert_allclose(real.positions, metal.positions, atol=1e-5, rtol=0)
    largest = np.abs(metal.forces).max()
    np.testing.assert_allclose(
        real.forces, scale * metal.forces, atol=1e-4 * scale * largest, rtol=0
    )
    (static,) = lammps.run(Block(atoms, path, units="real"))
    assert_same(static, atoms, SezmCalculator(path, threads=1), 1e-12, "real")


def test_limited_neighbours_and_direct_forces(lammps: Lammps, exported: ExportedFiles) -> None:
    path = exported.path("dens_few")
    calculator = SezmCalculator(path, threads=1)
    assert calculator.session.metadata.max_neighbors == 5
    structures = [recorded_structure("dens_few", name) for name in ("skewed5", "molecule9")]
    structures.append(gas(("O", "H", "C", "N"), count=60, length=16.0))
    elements = ("H", "C", "N", "O")
    blocks = [
        Block(atoms, path, elements=elements, thermo="step pe", shell=15.0) for atoms in structures
    ]
    for ranks in (1, 2):
        for atoms, result in zip(structures, lammps.run(*blocks, ranks=ranks), strict=True):
            forces = at(atoms, result, calculator).get_forces()
            np.testing.assert_allclose(
                result.forces, forces, atol=1e-10 * np.abs(forces).max(), rtol=0
            )


def test_charge_and_spin_are_keywords(lammps: Lammps, exported: ExportedFiles) -> None:
    path = exported.path("charge_spin")
    atoms = recorded_structure("charge_spin", "skewed5")
    elements = ("H", "C", "N", "O")
    energies = []
    for charge, spin in ((3, 1), (-1, 2)):
        style = f"sezm charge_spin {charge} {spin} threads 1"
        (result,) = lammps.run(Block(atoms, path, elements=elements, pair_style=style))
        atoms.info.update(charge=charge, spin=spin)
        assert_same(result, atoms, SezmCalculator(path, threads=1), 1e-12)
        energies.append(result.energy)
    assert energies[0] != pytest.approx(energies[1], rel=1e-6)


def test_energies_per_atom_add_up(lammps: Lammps, exported: ExportedFiles) -> None:
    commands = "compute pea all pe/atom\ncompute sum all reduce sum c_pea\n"
    commands += "thermo_style custom step pe c_sum\nthermo_modify format float %.17g\nrun 0"
    block = Block(gas(), exported.path("tiny", atom_virial=True), commands, dump="c_pea")
    calculator = SezmCalculator(block.model, threads=1)
    for ranks in (1, 2):
        (result,) = lammps.run(block, ranks=ranks)
        table = result.tables[-1]
        assert table["c_sum"][0] == pytest.approx(table["PotEng"][0], rel=1e-12)
        atoms = at(block.atoms, result, calculator)
        np.testing.assert_allclose(result.dump["c_pea"], atoms.get_potential_energies(), rtol=1e-11)


def test_virials_per_atom_add_up(lammps: Lammps, exported: ExportedFiles) -> None:
    names = [f"c_sum[{n}]" for n in range(1, 7)]
    commands = "compute st all stress/atom NULL virial\ncompute sum all reduce sum c_st[*]\n"
    commands += f"thermo_style custom step {' '.join(names)} pxx pyy pzz pxy pxz pyz vol\n"
    commands += "thermo_modify format float %.17g\nrun 0"
    block = Block(gas(), exported.path("tiny", atom_virial=True), commands, dump="c_st[*]")
    found = []
    for ranks in (1, 2):
        (result,) = lammps.run(block, ranks=ranks)
        table = result.tables[-1]
        sums = np.array([table[name][0] for name in names])
        pressure = -sums / table["Volume"][0]
        scale = np.abs(pressure).max()
        np.testing.assert_allclose(result.pressure, pressure, atol=1e-11 * scale, rtol=0)
        found.append(np.stack([result.dump[f"c_st[{n}]"] for n in range(1, 7)], axis=1))
    np.testing.assert_allclose(*found, atol=1e-10 * np.abs(found[0]).max(), rtol=0)


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_example_runs(lammps: Lammps, ranks: int) -> None:
    example = ZOO.parents[2] / "cpp_client/examples/lammps/in.water"
    variables = {"plugin": lammps.plugin, "model": ZOO / "model.onnx", "steps": "2"}
    printed = lammps.run_file(example, variables, ranks=ranks)
    assert "float32, cutoff 4.5 Angstrom, 3 message-passing steps" in printed
    assert "Loop time" in printed and "for 2 steps with 192 atoms" in printed


def at(atoms: ase.Atoms, result: Result, calculator: SezmCalculator) -> ase.Atoms:
    """The structure as LAMMPS had it last."""
    atoms = atoms.copy()
    atoms.positions = result.positions
    atoms.calc = calculator
    return atoms


def assert_same(
    result: Result,
    atoms: ase.Atoms,
    calculator: SezmCalculator,
    tolerance: float,
    units: str = "metal",
) -> None:
    """Energy, forces and virial are those of the calculator at LAMMPS' positions."""
    atoms = at(atoms, result, calculator)
    unit = {"metal": 1.0, "real": KILOCALORIES_PER_MOLE}[units]
    energies, forces, virial = values(atoms, unit)
    largest = max(np.abs(forces).max(), 1e-4)
    scales = (max(np.abs(energies).sum(), 1.0), largest, max(np.abs(virial).max(), largest))
    found = (result.energy, result.forces, result.pressure * atoms.cell.volume / BAR[units])
    own = rounding_errors(atoms, unit)
    for one, two, scale, error in zip(
        found, (energies.sum(), forces, virial), scales, own, strict=True
    ):
        assert np.abs(one - two).max() <= tolerance * scale + 2 * error


def rounding_errors(atoms: ase.Atoms, unit: float) -> list[float]:
    """How far the order of atoms, and lengths in their last digit, move Python's numbers.

    LAMMPS' lists have an order of their own, and the sums over edges theirs.
    """
    last_digit = np.finfo(atoms.calc.session.metadata.dtype).eps
    energies, forces, virial = values(atoms, unit)
    moved = [0.0, 0.0, 0.0]
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(atoms))
        other = atoms[order]
        other.set_cell(other.cell * (1 + (seed - 1) * last_digit), scale_atoms=True)
        other.calc = atoms.calc
        found = values(other, unit)
        differences = (
            found[0].sum() - energies.sum(),
            found[1] - forces[order],
            found[2] - virial,
        )
        moved = [max(old, np.abs(new).max()) for old, new in zip(moved, differences, strict=True)]
    return moved


def values(atoms: ase.Atoms, unit: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies of the atoms, forces, and virial xx yy zz xy xz yz."""
    stress = atoms.get_stress()[[0, 1, 2, 5, 4, 3]]
    energies = unit * atoms.get_potential_energies()
    return energies, unit * atoms.get_forces(), -unit * stress * atoms.cell.volume
