"""One random model: files of the simplified model against plain eager, which differences judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ase
import numpy as np
from sezm_export.describe import describe
from sezm_export.deviations import deviations, scales, typical
from sezm_export.eager import EagerSession
from sezm_export.flat_function import EnergyModel
from sezm_export.formats import format_of
from sezm_export.simplify_graph import simplify_graph
from sezm_export.trace import trace
from sezm_models import simplify

from sezm_infer.batch import flat_inputs
from sezm_infer.conditioning import extra_inputs
from sezm_infer.metadata import Metadata
from sezm_infer.neighbors import NeighborList
from sezm_infer.sessions import open_session

TOLERANCE = 1e-10
"""Largest relative deviation of any output of a file, in units of ``sezm_export.deviations``."""

STEPS = (1e-5, 1e-6)
"""Of the finite difference, Angstrom; its error is of the order of the square. There is no slope
where a step crosses a kink, of relu or relu6: then the shorter one is judged."""

GRADIENT_TOLERANCE = 1e-5
"""Of the work along a random direction, relative to the largest force."""

SUFFIXES = (".pt", ".onnx")

Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """Of one model.

    Attributes:
        deviations: largest relative deviation from eager, by suffix; NaN where there is a NaN.
        force: the usual largest force, eV/Angstrom: of models without any, little is proven.
    """

    deviations: dict[str, float]
    force: float


def compare(model: EnergyModel, seed: int, folder: Path) -> Comparison:
    """Export a model, simplified as users do, to all formats; compare the files with plain eager.

    Args:
        model: plain, in float64.
        seed: of the atoms.
        folder: where the files are written.
    """
    metadata = describe(model, "")
    eager = EagerSession.from_model(model)
    systems = list(random_systems(seed, metadata))
    expected = [eager.run(inputs) for inputs in systems]
    assert all(np.isfinite(array).all() for outputs in expected for array in outputs.values())
    usual = typical(expected)
    graph = simplify_graph(trace(simplify(model)))
    worst = {}
    for suffix in SUFFIXES:
        path = folder / f"model{suffix}"
        file_format = format_of(path)
        file_format.save(file_format.lower(graph, metadata), metadata, path)
        session = open_session(path, threads=1)
        found = [
            deviations(session.run(inputs), outputs, scales(outputs, inputs, usual))
            for inputs, outputs in zip(systems, expected, strict=True)
        ]
        worst[suffix] = float(np.max([list(one.values()) for one in found]))  # keeps NaN
    return Comparison(worst, usual.force)


def gradient_error(model: EnergyModel, seed: int) -> float:
    """Deviation of eager forces, magnetic ones too, from the slope of the energy, relative."""
    metadata = describe(model, "")
    eager = EagerSession.from_model(model)
    rng = np.random.default_rng([seed, 1])
    atoms = _cluster(rng, metadata.elements, 4)
    _give_extra_inputs(atoms, metadata, rng)
    direction = rng.normal(size=(2, len(atoms), 3))  # of positions and spins

    def outputs_at(step: float) -> Inputs:
        moved = atoms.copy()
        moved.positions += step * direction[0]
        if "spins" in moved.arrays:
            moved.arrays["spins"] += step * direction[1]
        return eager.run(_inputs([moved], metadata))

    outputs = outputs_at(0.0)
    forces = outputs["forces"]
    work = (forces * direction[0]).sum()
    if "magnetic_forces" in outputs:
        work += (outputs["magnetic_forces"] * direction[1]).sum()
    slopes = [
        (outputs_at(step)["energy"] - outputs_at(-step)["energy"])[0] / (2 * step) for step in STEPS
    ]
    error = min(abs(slope + work) for slope in slopes)
    return float(error / max(np.abs(forces).max(), 1e-3))


def random_systems(seed: int, metadata: Metadata) -> Iterator[Inputs]:
    """Calls of different sizes: no edges, a cell smaller than the cutoff, a molecule, a batch.

    With the extra inputs that the model takes.
    """
    rng = np.random.default_rng([seed, 0])
    atom = _cluster(rng, metadata.elements, 1)
    cell = _skewed(rng, metadata.elements)
    molecule = _cluster(rng, metadata.elements, 6)
    for atoms in (atom, cell, molecule):
        _give_extra_inputs(atoms, metadata, rng)
    for structures in ([atom], [cell], [molecule], [molecule, atom, cell]):
        yield _inputs(structures, metadata)


def _give_extra_inputs(atoms: ase.Atoms, metadata: Metadata, rng: np.random.Generator) -> None:
    """Those that the model takes; one with a default is left out of every second structure."""
    widths = extra_inputs(metadata)
    for name, width in widths.items():
        if name in metadata.input_defaults and rng.random() < 0.5:
            continue
        if name == "charge_spin":
            atoms.info["charge"], atoms.info["spin"] = rng.integers(-3, 4), rng.integers(0, 6)
        elif name == "fparam":
            atoms.info["fparam"] = rng.normal(size=width)
        else:
            atoms.arrays[name] = rng.normal(size=(len(atoms), width))


def _inputs(structures: list[ase.Atoms], metadata: Metadata) -> Inputs:
    edges = [
        NeighborList(metadata.cutoff, max_neighbors=metadata.max_neighbors).update(atoms)
        for atoms in structures
    ]
    return flat_inputs(structures, edges, metadata)


def _cluster(rng: np.random.Generator, elements: tuple[str, ...], count: int) -> ase.Atoms:
    """Free atoms 0.7 to 1.6 Angstrom from a neighbour: some within the window of the bridging."""
    positions = [np.zeros(3)]
    while len(positions) < count:
        direction = rng.normal(size=3)
        step = rng.uniform(0.7, 1.6) * direction / np.linalg.norm(direction)
        new = positions[rng.integers(len(positions))] + step
        if min(np.linalg.norm(new - other) for other in positions) > 0.65:
            positions.append(new)
    return ase.Atoms(rng.choice(elements, count).tolist(), positions)


def _skewed(rng: np.random.Generator, elements: tuple[str, ...]) -> ase.Atoms:
    cell = np.array([[2.4, 0.0, 0.0], [0.8, 2.2, 0.0], [-0.6, 0.9, 2.5]])
    return ase.Atoms(
        rng.choice(elements, 2).tolist(),
        scaled_positions=[rng.uniform(0.0, 0.1, 3), rng.uniform(0.45, 0.55, 3)],
        cell=cell,
        pbc=True,
    )
