"""Exported models as ASE calculators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
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

from .batch import fixed_inputs, with_geometry
from .conditioning import carried
from .evaluation import NO_STRESS, Evaluation, evaluate_inputs
from .metadata import Metadata
from .neighbors import NeighborList
from .sessions import Options, Session, choose, open_file

DEFAULT_SKIN = 1.0
"""Angstrom. In water at 300 K (192 atoms, cutoff 4.5, steps of 0.5 fs) a search serves 19 steps,
and the list costs 0.4 ms per step; without a skin 2.7 ms, with 0.5 Angstrom 0.6, with 1.5 0.3."""

SMALLEST_VOLUME = 1e-6
"""Angstrom^3; cells below it are taken for flat, and have no stress."""

_VOIGT = np.array([0, 4, 8, 5, 2, 1])
"""xx, yy, zz, yz, xz, xy of the nine entries of a symmetric matrix."""


class SezmCalculator(Calculator):
    """ASE calculator of an exported file, a checkpoint or a bundled model.

    Results, in ASE's units, signs and Voigt order: ``energy``, ``free_energy`` (the same),
    ``energies``, ``forces``, ``stress`` of cells with a volume, ``stresses`` if the file was
    exported with ``--atom-virial``, and ``magnetic_forces`` ([N, 3], eV per unit of spin) of a
    model that takes spins. Models with direct forces have no ``stress``.

    What a model is conditioned on comes with the structure: ``atoms.info["charge"]``, ``["spin"]``
    and ``["fparam"]``, ``atoms.arrays["aparam"]`` and ``["spins"]``.

    Args:
        model: path of a file, a folder or a checkpoint, name of a bundled model, or a session that
            is already open. A folder, and a checkpoint, stand for the best of the files there that
            compute the same.
        device: "cpu", "cuda" or "cuda:N".
        threads: threads within an operator; None leaves the engine's own choice.
        skin: Angstrom by which the neighbour list is searched further, so that it serves several
            steps. Changes the time a step takes, never its result.
        dtype: "float32" or "float64", for checkpoints; files have theirs since export.
        head: which head of a multitask checkpoint.
        ema: the averaged weights that a checkpoint carries beside its own.
        eager: evaluate the checkpoint itself, whatever files lie beside it.

    Attributes:
        file: path of the file in use; None of a session that was open.

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
        eager: bool = False,
    ) -> None:
        super().__init__()
        self.file: Path | None = None
        if isinstance(model, str | Path):
            options = Options(device, threads, dtype, head, ema, eager)
            file = choose(model, options).file
            self.file, model = file.path, open_file(file, options)
        self.session = model
        metadata = model.metadata
        self.neighbors = NeighborList(metadata.cutoff, skin, metadata.max_neighbors, metadata.dtype)
        self.implemented_properties = _properties(metadata)
        self._last: _Last | None = None

    def get_property(
        self, name: str, atoms: ase.Atoms | None = None, allow_calculation: bool = True
    ) -> Any:
        """As ASE's own; says why there is no stress where forces are direct.

        Raises:
            PropertyNotImplementedError: the model does not give this.
        """
        if name in ("stress", "stresses") and self.session.metadata.forces_kind == "direct":
            raise PropertyNotImplementedError(NO_STRESS)
        return super().get_property(name, atoms, allow_calculation)

    def calculate(
        self,
        atoms: ase.Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Fill ``self.results``; called by ASE.

        Raises:
            SezmError: unknown elements, a structure that makes no sense, or extra inputs that are
                missing, wrong, or not taken by the model.
            PropertyNotImplementedError: the stress of a cell without volume.
        """
        session = self.session
        atoms = self.atoms if atoms is None else atoms
        if self._last is None or list(system_changes) != ["positions"]:
            self._last = _Last(atoms, session.metadata)
        else:
            self._last.move(atoms)
        last = self._last
        self.atoms = last.atoms
        if last.volume < SMALLEST_VOLUME and {"stress", "stresses"} & set(properties):
            raise PropertyNotImplementedError(
                "stress needs a cell with a volume, and this structure has none; set atoms.cell."
            )
        edges = self.neighbors.update(last.atoms)
        inputs = with_geometry(last.inputs, [last.atoms], [edges], session.metadata)
        (evaluation,) = evaluate_inputs(session, inputs)
        self.results = _ase_results(evaluation, last.volume)

    def check_state(self, atoms: ase.Atoms, tol: float = 0.0) -> list[str]:
        """What has changed since the last call, of what matters to a model; called by ASE.

        ASE's own also compares charges and magnetic moments, in ten times the time.
        """
        if self._last is None or self.atoms is not self._last.atoms:
            return list(all_changes)
        before = self.atoms
        same = {
            "numbers": _same_bytes(atoms.numbers, before.numbers),
            "positions": _same_bytes(atoms.positions, before.positions),
            "cell": _same_bytes(atoms.cell.array, before.cell.array),
            "pbc": _same_bytes(atoms.pbc, before.pbc),
            "conditioning": _same_values(dict(carried(atoms)), self._last.carried),
        }
        return [name for name, is_same in same.items() if not is_same]


class _Last:
    """The structure of the last call, and what of it stays the same when its atoms move.

    Attributes:
        atoms: a copy, of which only the arrays change when atoms move.
        carried: the values of extra inputs, by their places.
        inputs: as of :func:`~sezm_infer.batch.fixed_inputs`; no session writes to them.
        volume: Angstrom^3.
    """

    def __init__(self, atoms: ase.Atoms, metadata: Metadata) -> None:
        self.inputs = fixed_inputs([atoms], metadata)
        self.carried = deepcopy(dict(carried(atoms)))
        self.atoms = atoms.copy()
        self.volume = float(atoms.cell.volume)

    def move(self, atoms: ase.Atoms) -> None:
        """Take over positions, and whatever else there is for each atom."""
        self.atoms.arrays = {name: array.copy() for name, array in atoms.arrays.items()}


def _properties(metadata: Metadata) -> list[str]:
    """What the calculator of a model implements, by ASE's names."""
    outputs = {spec.name for spec in metadata.outputs}
    names = list(SezmCalculator.implemented_properties)
    if "virial" not in outputs:
        names.remove("stress")
    if "atom_virial" in outputs:
        names.append("stresses")
    if "magnetic_forces" in outputs:
        names.append("magnetic_forces")
    return names


def _same_bytes(one: np.ndarray, other: np.ndarray) -> bool:
    """A tenth of the time of ``numpy.array_equal``; 0.0 and -0.0 differ."""
    return one.tobytes() == other.tobytes()


def _same_values(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether two structures carry the same extra inputs, those no model takes included."""
    return now.keys() == before.keys() and all(
        np.array_equal(value, before[place]) for place, value in now.items()
    )


def _ase_results(evaluation: Evaluation, volume: float) -> dict[str, Any]:
    """Results by ASE's names; stresses only where there are a virial and a volume."""
    results: dict[str, Any] = {
        "energy": evaluation.energy,
        "free_energy": evaluation.energy,
        "energies": evaluation.atom_energies,
        "forces": evaluation.forces,
    }
    if evaluation.magnetic_forces is not None:
        results["magnetic_forces"] = evaluation.magnetic_forces
    if evaluation.virial is not None and volume >= SMALLEST_VOLUME:
        results["stress"] = evaluation.stress(volume).take(_VOIGT)
        if evaluation.atom_virials is not None:
            # As ASE's own calculators have it: shares of the cell's stress, which they sum up to.
            stresses = full_3x3_to_voigt_6_stress(-evaluation.atom_virials / volume)
            results["stresses"] = stresses
    return results
