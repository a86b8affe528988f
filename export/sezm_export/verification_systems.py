"""Atomic systems on which files are proven: sizes and shapes that have broken graphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import ase
import numpy as np

from sezm_infer.batch import flat_inputs
from sezm_infer.metadata import Metadata, StaticSizes
from sezm_infer.neighbors import NeighborList

from .verification_conditioning import carried_by_structures, conditioned, given_by_programs

SPACING = 2.15
"""Of the jittered lattices, Angstrom: 0.1 atoms per cubic Angstrom, as in water."""

JITTER = 0.15
"""Standard deviation of the displacements from lattice sites, Angstrom."""

SKEWED_CELL = ((3.4, 0.0, 0.0), (1.1, 3.2, 0.0), (-0.9, 1.3, 3.6))
"""Angstrom; smaller than the cutoff, so atoms see their own images."""


PARALLEL_ATOMS = 24
"""Systems of at least so many atoms are evaluated with all threads too: smaller ones occupy one."""

STRESS_ATOMS = 100
"""Systems of at least so many atoms are large enough to show races between threads."""


@dataclass(frozen=True)
class VerificationSystem:
    """One call of the model.

    Attributes:
        name: what it is, for reports.
        inputs: the contract's tensors.
    """

    name: str
    inputs: Mapping[str, np.ndarray]

    @property
    def parallel(self) -> bool:
        """Whether several threads have something to do."""
        return len(self.inputs["pos"]) >= PARALLEL_ATOMS

    @property
    def stress(self) -> bool:
        """Whether it is to be repeated with several threads, with its edges in either order."""
        return len(self.inputs["pos"]) >= STRESS_ATOMS


def verification_systems(metadata: Metadata) -> list[VerificationSystem]:
    """The systems for one file, with elements and cutoff of its model.

    Args:
        metadata: of the file; systems larger than its static sizes are left out.
    """
    rng = np.random.default_rng(20240229)
    systems = [
        system
        for name, structures in _structures(rng, metadata.elements)
        for system in _calls(name, structures, metadata, rng)
        if _fits(system, metadata.static_sizes)
    ]
    return systems


def _structures(
    rng: np.random.Generator, elements: Sequence[str]
) -> Iterator[tuple[str, list[ase.Atoms]]]:
    """Names and structures; several structures make a batch."""

    def lattice(*counts: int) -> ase.Atoms:
        sites = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3)
        positions = SPACING * sites + np.clip(rng.normal(0, JITTER, sites.shape), -0.4, 0.4)
        return ase.Atoms(
            _drawn(rng, elements, len(sites)), positions, cell=SPACING * np.array(counts), pbc=True
        )

    def cluster(*positions: tuple[float, float, float]) -> ase.Atoms:
        return ase.Atoms(_drawn(rng, elements, len(positions)), positions)

    atom = cluster((1.0, 2.0, 3.0))
    dimer = cluster((0.0, 0.0, 0.0), (0.3, -0.5, 1.0))
    skewed = ase.Atoms(
        _drawn(rng, elements, 2),
        scaled_positions=[(0.1, 0.2, 0.3), (0.55, 0.7, 0.62)],
        cell=SKEWED_CELL,
        pbc=True,
    )
    small = lattice(2, 3, 4)
    yield "isolated atom", [atom]
    yield "dimer", [dimer]
    yield "close dimer", [cluster((0.0, 0.0, 0.0), (0.4, 0.4, -0.4))]
    yield "three atoms", [cluster((0.0, 0.0, 0.0), (0.9, 0.4, 0.1), (-0.4, 0.9, -0.2))]
    yield (
        "one atom and its images",
        [ase.Atoms(elements[:1], [(0, 0, 0)], cell=SKEWED_CELL, pbc=True)],
    )
    yield "small skewed cell", [skewed]
    yield "24 atoms", [small]
    yield "batch of two", [small, dimer]
    yield "batch of five", [dimer, atom, skewed, atom, small]
    yield "192 atoms", [lattice(4, 6, 8)]


def _drawn(rng: np.random.Generator, elements: Sequence[str], count: int) -> list[str]:
    return [elements[i] for i in rng.integers(0, len(elements), count)]


def _calls(
    name: str, structures: list[ase.Atoms], metadata: Metadata, rng: np.random.Generator
) -> Iterator[VerificationSystem]:
    """The system with its edges sorted, and a large one also with its edges shuffled."""
    structures = [conditioned(atoms, metadata, rng) for atoms in structures]
    neighbors = NeighborList(metadata.cutoff, max_neighbors=metadata.max_neighbors)
    edges = [neighbors.update(atoms) for atoms in structures]
    inputs = flat_inputs(structures, edges, carried_by_structures(metadata))
    inputs |= given_by_programs(len(inputs["edge_distance"]), metadata, rng)
    system = VerificationSystem(name, inputs)
    yield system
    if system.stress:
        order = rng.permutation(len(inputs["edge_distance"]))
        shuffled = {
            "edge_index": np.ascontiguousarray(inputs["edge_index"][:, order]),
            "edge_distance": inputs["edge_distance"][order],
            "edge_vec": inputs["edge_vec"][order],
        }
        if "wigner" in inputs:
            shuffled["wigner"] = inputs["wigner"][order]
        yield VerificationSystem(f"{name}, edges shuffled", inputs | shuffled)


def _fits(system: VerificationSystem, sizes: StaticSizes | None) -> bool:
    if sizes is None:
        return True
    inputs = system.inputs
    return (
        len(inputs["pos"]) <= sizes.atoms
        and len(inputs["edge_distance"]) <= sizes.edges
        and len(inputs["natoms"]) == sizes.systems
    )
