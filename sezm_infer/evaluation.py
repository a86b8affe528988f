"""Energies, forces and virials of any number of structures, without a calculator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise

import ase
import numpy as np

from .batch import check_elements, flat_inputs
from .conditioning import conditioning_of
from .errors import SezmError
from .neighbors import Edges, NeighborList
from .sessions import Session

EDGES_PER_CALL = 20_000
"""Structures share a call up to this many edges: enough to keep the cores busy, little memory."""

_TRANSPOSED = np.array([0, 3, 6, 1, 4, 7, 2, 5, 8])
"""Where the entries of a transposed [3, 3] are."""

NO_STRESS = (
    "the model gives forces directly, not as the derivative of its energy, so there is no virial "
    "and no stress; use a model with conservative forces."
)


@dataclass(frozen=True)
class Evaluation:
    """What a model says of one structure of N atoms.

    Attributes:
        energy: eV.
        forces: [N, 3] float64, eV/Angstrom.
        virial: [3, 3] float64, eV; stress = -virial / volume. None of a model with direct forces.
        atom_energies: [N] float64, eV.
        magnetic_forces: [N, 3] float64, eV per unit of spin, or None of a model without spins.
        atom_virials: [N, 3, 3] float64, eV, or None if the file does not give them.
    """

    energy: float
    forces: np.ndarray
    virial: np.ndarray | None
    atom_energies: np.ndarray
    magnetic_forces: np.ndarray | None
    atom_virials: np.ndarray | None

    def stress(self, volume: float) -> np.ndarray:
        """[3, 3], eV/Angstrom^3, symmetric, negative under compression (as ASE has it).

        Raises:
            SezmError: the model has no virial.
        """
        if self.virial is None:
            raise SezmError(NO_STRESS)
        virial = self.virial.ravel()
        return ((virial + virial.take(_TRANSPOSED)) / (-2 * volume)).reshape(3, 3)


def evaluate(session: Session, structures: Iterable[ase.Atoms]) -> list[Evaluation]:
    """Evaluate structures of any sizes, several per call of the model.

    Raises:
        SezmError: bad input; names the structure by its position when there are several.
    """
    return list(evaluate_each(session, list(structures)))


def evaluate_each(session: Session, structures: Sequence[ase.Atoms]) -> Iterator[Evaluation]:
    """As :func:`evaluate`, one result after the other as they come."""
    metadata = session.metadata
    for position, atoms in enumerate(structures):
        with _named(position, structures):
            check_elements(atoms.numbers, metadata)
            conditioning_of(atoms, metadata)
    one_by_one = metadata.static_sizes is not None
    group: list[ase.Atoms] = []
    edges: list[Edges] = []
    for position, atoms in enumerate(structures):
        with _named(position, structures):
            neighbors = NeighborList(metadata.cutoff, max_neighbors=metadata.max_neighbors)
            found = neighbors.update(atoms)
        total = sum(len(one.distances) for one in (*edges, found))
        if group and (one_by_one or total > EDGES_PER_CALL):
            yield from evaluate_together(session, group, edges)
            group, edges = [], []
        group.append(atoms)
        edges.append(found)
    if group:
        yield from evaluate_together(session, group, edges)


def evaluate_together(
    session: Session, structures: Sequence[ase.Atoms], edges: Sequence[Edges]
) -> list[Evaluation]:
    """One call of the model for structures whose edges are known."""
    return evaluate_inputs(session, flat_inputs(structures, edges, session.metadata))


def evaluate_inputs(session: Session, inputs: Mapping[str, np.ndarray]) -> list[Evaluation]:
    """One call of the model for inputs of the contract; a result for each structure in them."""
    outputs = session.run(inputs)
    bounds = accumulate(inputs["natoms"].tolist(), initial=0)
    return [
        _evaluation(outputs, system, slice(first, last))
        for system, (first, last) in enumerate(pairwise(bounds))
    ]


def _evaluation(outputs: dict[str, np.ndarray], system: int, atoms: slice) -> Evaluation:
    def part(name: str, rows: int | slice) -> np.ndarray | None:
        return outputs[name][rows].astype(float) if name in outputs else None

    return Evaluation(
        energy=float(outputs["energy"][system]),
        forces=outputs["forces"][atoms].astype(float),
        virial=part("virial", system),
        atom_energies=outputs["atom_energy"][atoms].astype(float),
        magnetic_forces=part("magnetic_forces", atoms),
        atom_virials=part("atom_virial", atoms),
    )


@contextmanager
def _named(position: int, structures: Sequence[ase.Atoms]) -> Iterator[None]:
    """Errors say which of several structures is meant."""
    try:
        yield
    except SezmError as error:
        where = f"structure {position}: " if len(structures) > 1 else ""
        raise SezmError(f"{where}{error}") from None
