"""Exported models as ASE calculators."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ase
import numpy as np
from ase.calculators.calculator import (
    Calculator,
    PropertyNotImplementedError,
    all_changes,
)
from ase.stress import full_3x3_to_voigt_6_stress

from .evaluation import Evaluation, evaluate_together
from .neighbors import NeighborList
from .sessions import Session, open_session

DEFAULT_SKIN = 1.0
"""Angstrom. In water at 300 K (192 atoms, cutoff 4.5, steps of 0.5 fs) a search serves 17 steps,
and the list costs 0.5 ms per step; without a skin 2.6 ms, with 0.5 Angstrom 0.6, with 1.5 0.5."""

SMALLEST_VOLUME = 1e-6
"""Angstrom^3; cells below it are taken for flat, and have no stress."""


class SezmCalculator(Calculator):
    """ASE calculator of an exported file, a checkpoint or a bundled model.

    Results, in ASE's units, signs and Voigt order: ``energy``, ``free_energy`` (the same),
    ``energies``, ``forces``, ``stress`` of cells with a volume, and ``stresses`` if the file was
    exported with ``--atom-virial``.

    Args:
        model: path of a file, name of a bundled model, or a session that is already open.
        device: "cpu", "cuda" or "cuda:N".
        threads: threads within an operator; None leaves the engine's own choice.
        skin: Angstrom by which the neighbour list is searched further, so that it serves several
            steps. Changes the time a step takes, never its result.
        dtype: "float32" or "float64", for checkpoints; files have theirs since export.
        head: which head of a multitask checkpoint.
        ema: the averaged weights that a checkpoint carries beside its own.

    Raises:
        SezmError: the model cannot be opened, or an argument makes no sense.

    Example:
        >>> from ase.build import molecule
        >>> atoms = molecule("H2O")
        >>> atoms.calc = SezmCalculator("model.onnx")  # doctest: +SKIP
        >>> atoms.get_potential_energy()  # doctest: +SKIP
    """

    implemented_properties = [  # noqa: RUF012  # ASE declares it, as a list on the class
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(
        self,
        model: str | Path | Session,
        device: str = "cpu",
        threads: int | None = None,
        skin: float = DEFAULT_SKIN,
        dtype: str | None = None,
        head: str | None = None,
        ema: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(model, str | Path):
            model = open_session(model, device, threads, dtype, head, ema)
        self.session = model
        self.neighbors = NeighborList(model.metadata.cutoff, skin)
        if any(spec.name == "atom_virial" for spec in model.metadata.outputs):
            self.implemented_properties = [*type(self).implemented_properties, "stresses"]

    def calculate(
        self,
        atoms: ase.Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Fill ``self.results``; called by ASE.

        Raises:
            SezmError: unknown elements, or a structure that makes no sense.
            PropertyNotImplementedError: the stress of a cell without volume.
        """
        super().calculate(atoms, properties, system_changes)
        volume = self.atoms.cell.volume
        if volume < SMALLEST_VOLUME and {"stress", "stresses"} & set(properties):
            raise PropertyNotImplementedError(
                "stress needs a cell with a volume, and this structure has none; set atoms.cell."
            )
        edges = self.neighbors.update(self.atoms)
        (evaluation,) = evaluate_together(self.session, [self.atoms], [edges])
        self.results = _ase_results(evaluation, volume)

    def check_state(self, atoms: ase.Atoms, tol: float = 0.0) -> list[str]:
        """What has changed since the last call, of what matters to a model; called by ASE.

        ASE's own also compares charges and magnetic moments, in ten times the time.
        """
        if self.atoms is None:
            return list(all_changes)
        now, before = atoms.arrays, self.atoms.arrays
        if not np.array_equal(now["numbers"], before["numbers"]):
            return list(all_changes)
        same = {
            "positions": np.array_equal(now["positions"], before["positions"]),
            "cell": np.array_equal(atoms.cell.array, self.atoms.cell.array),
            "pbc": np.array_equal(atoms.pbc, self.atoms.pbc),
        }
        return [name for name, is_same in same.items() if not is_same]


def _ase_results(evaluation: Evaluation, volume: float) -> dict[str, Any]:
    """Results by ASE's names; stresses only where there is a volume."""
    results: dict[str, Any] = {
        "energy": evaluation.energy,
        "free_energy": evaluation.energy,
        "energies": evaluation.atom_energies,
        "forces": evaluation.forces,
    }
    if volume >= SMALLEST_VOLUME:
        results["stress"] = full_3x3_to_voigt_6_stress(evaluation.stress(volume))
        if evaluation.atom_virials is not None:
            # As ASE's own calculators have it: shares of the cell's stress, which they sum up to.
            stresses = full_3x3_to_voigt_6_stress(-evaluation.atom_virials / volume)
            results["stresses"] = stresses
    return results
