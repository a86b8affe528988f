"""``sezm eval``: energies, forces and stresses of structures in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ase
import click
import numpy as np
from ase.stress import full_3x3_to_voigt_6_stress
from ase.units import GPa
from rich.progress import track

from ..contract import MAGNETIC_FORCES
from ..evaluation import Evaluation, evaluate_each
from ..files import require_writable
from ..structures import (
    read_structures,
    require_arrays_kept,
    with_results,
    writable_format,
    write_structures,
)
from .console import print_json, print_table, stderr
from .options import FILE, ModelChoice, json_option, model_choice


@click.command("eval", short_help="Energies, forces and stresses of structures.")
@model_choice
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=FILE, help="Write structures with results, e.g. out.extxyz.")
@json_option
def evaluate_file(choice: ModelChoice, file: Path, output: Path | None, as_json: bool) -> None:
    """Evaluate all structures of FILE (any format that ASE reads) with MODEL.

    Charge, spin and parameters that a model is conditioned on come with each structure: charge=,
    spin= and fparam= in the comment line of an extxyz file, columns aparam and spins.

    \b
    Example:
      sezm eval model.onnx structures.extxyz -o results.extxyz
    """
    if output is not None:
        require_writable(output)
        writable_format(output)
    structures = read_structures(file)
    session = choice.open()
    if output is not None:
        names = {spec.name for spec in session.metadata.outputs}
        require_arrays_kept(output, names & {MAGNETIC_FORCES.name})
    evaluations = list(
        track(
            evaluate_each(session, structures),
            "evaluating",
            total=len(structures),
            console=stderr,
            transient=True,
            disable=not stderr.is_terminal,
        )
    )
    results = [_results(*pair) for pair in zip(structures, evaluations, strict=True)]
    if output is not None:
        frames = [
            with_results(atoms, **found) for atoms, found in zip(structures, results, strict=True)
        ]
        write_structures(output, frames)
    if as_json:
        print_json(results)
    else:
        _print_summary(structures, evaluations)


def _results(atoms: ase.Atoms, evaluation: Evaluation) -> dict[str, Any]:
    """By ASE's names: energy (eV), forces (eV/Angstrom), stress (eV/Angstrom^3, Voigt order), and
    magnetic_forces (eV per unit of spin) of models with spins."""
    results: dict[str, Any] = {"energy": evaluation.energy, "forces": evaluation.forces}
    if evaluation.magnetic_forces is not None:
        results["magnetic_forces"] = evaluation.magnetic_forces
    if _has_stress(atoms, evaluation):
        stress = evaluation.stress(atoms.get_volume())
        results["stress"] = full_3x3_to_voigt_6_stress(stress)
    return results


def _has_stress(atoms: ase.Atoms, evaluation: Evaluation) -> bool:
    return evaluation.virial is not None and atoms.cell.rank == 3


def _print_summary(structures: list[ase.Atoms], evaluations: list[Evaluation]) -> None:
    rows = []
    for frame, (atoms, evaluation) in enumerate(zip(structures, evaluations, strict=True)):
        largest = np.linalg.norm(evaluation.forces, axis=1).max()
        pressure = "-"
        if _has_stress(atoms, evaluation):
            pressure = f"{-np.trace(evaluation.stress(atoms.get_volume())) / 3 / GPa:.4f}"
        formula = atoms.get_chemical_formula()
        rows.append((f"{frame}", formula, f"{evaluation.energy:.6f}", f"{largest:.5f}", pressure))
    columns = ("frame", "formula", "energy (eV)", "largest force (eV/Angstrom)", "pressure (GPa)")
    print_table(columns, rows)
