"""From ASE structures with extra inputs, through the runtime, to the trainer's recorded numbers.

The systems of a configuration are evaluated in one call, each with its own charge, spin,
parameters and spin vectors; of models with limited neighbours the runtime's lists are judged, too.
"""

from __future__ import annotations

import ase
import numpy as np
import pytest
import torch
from random_checkpoint import DATA
from recorded import FLOAT64_TOLERANCE, model, systems_of
from sezm_export import EagerSession

from sezm_infer import evaluate

KINDS = ("charge_spin", "fparam", "aparam", "everything", "spin_", "dens")
CONFIGURATIONS = sorted(path.stem for path in DATA.glob("*.npz") if path.stem.startswith(KINDS))
SMALLEST_SCALE = 1.0
"""eV and Angstrom; deviations are measured by the largest number of an array, or by this."""


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_structures_with_extra_inputs_equal_the_trainer(configuration: str) -> None:
    session = EagerSession.from_model(model(configuration, torch.float64))
    cases = [case(configuration, system) for system in systems_of(configuration)]
    for expected, found in zip(cases, evaluate(session, map(structure, cases)), strict=True):
        assert_close(found.energy, expected["energy"])
        assert_close(found.atom_energies, expected["atom_energy"])
        assert_close(found.forces, expected["forces"])
        for name in ("virial", "magnetic_forces"):
            assert (name in expected) == (getattr(found, name) is not None)
            if name in expected:
                assert_close(getattr(found, name), expected[name])


def case(configuration: str, system: str) -> dict[str, np.ndarray]:
    """All that is recorded of a system."""
    with np.load(DATA / f"{configuration}.npz") as data:
        keys = [key for key in data.files if key.startswith(f"{system}/")]
        return {key.removeprefix(f"{system}/"): data[key] for key in keys}


def structure(recorded: dict[str, np.ndarray]) -> ase.Atoms:
    atoms = ase.Atoms(
        recorded["atomic_numbers"],
        recorded["pos"],
        cell=recorded["cell"],
        pbc=recorded["pbc"],
    )
    if "charge_spin" in recorded:
        atoms.info["charge"], atoms.info["spin"] = recorded["charge_spin"][0].tolist()
    if "fparam" in recorded:
        atoms.info["fparam"] = recorded["fparam"][0]
    for name in ("aparam", "spins"):
        if name in recorded:
            atoms.set_array(name, recorded[name])
    return atoms


def assert_close(found: np.ndarray | float, expected: np.ndarray) -> None:
    scale = max(np.abs(expected).max(), SMALLEST_SCALE)
    assert np.abs(found - expected).max() <= FLOAT64_TOLERANCE * scale
