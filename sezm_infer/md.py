"""Molecular dynamics: constant energy (velocity Verlet) or constant temperature (Langevin).

ASE integrates; here are the settings and their checks, starting velocities, what is sampled at
each step, and the drift of the total energy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import ase
import numpy as np
from ase import units
from ase.md.langevin import Langevin
from ase.md.md import MolecularDynamics
from ase.md.verlet import VelocityVerlet

from .errors import SezmError

ENSEMBLES = ("nve", "nvt")
DEFAULT_TEMPERATURE = 300.0


@dataclass(frozen=True)
class MDSettings:
    """What to run.

    Attributes:
        steps: number of time steps.
        timestep: fs.
        ensemble: "nve" or "nvt".
        temperature: K, of the starting velocities and of the thermostat. None keeps velocities
            that the structure brings, and otherwise means 300 K.
        friction: 1/ps, of the Langevin thermostat (nvt).
        seed: of starting velocities and thermostat.

    Raises:
        SezmError: a value that makes no sense.
    """

    steps: int = 1000
    timestep: float = 0.5
    ensemble: str = "nve"
    temperature: float | None = None
    friction: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.ensemble not in ENSEMBLES:
            raise SezmError(f"ensemble is {self.ensemble!r}; use one of {', '.join(ENSEMBLES)}.")
        _require(self.steps >= 0, "steps", self.steps, "a whole number of 0 or more")
        _require(0 < self.timestep < np.inf, "timestep", self.timestep, "a positive time in fs")
        _require(0 < self.friction < np.inf, "friction", self.friction, "a positive rate in 1/ps")
        _require(self.seed >= 0, "seed", self.seed, "a whole number of 0 or more")
        if self.temperature is not None:
            sensible = 0 <= self.temperature < np.inf
            _require(sensible, "temperature", self.temperature, "0 or more, in K")


def _require(condition: bool, name: str, value: float, expected: str) -> None:
    if not condition:
        raise SezmError(f"{name} is {value}; use {expected}.")


@dataclass(frozen=True)
class Sample:
    """State of a run after a step; energies in eV.

    Attributes:
        step: 0 for the start.
        time: ps.
        temperature: K.
        potential, kinetic: eV.
        drift: change of the total energy since the start, meV per atom.
    """

    step: int
    time: float
    temperature: float
    potential: float
    kinetic: float
    drift: float

    @property
    def total(self) -> float:
        """Potential plus kinetic energy, eV."""
        return self.potential + self.kinetic


class DriftRate:
    """Slope of the energy over time, by least squares over all samples so far."""

    def __init__(self) -> None:
        self._sums = np.zeros(5)

    def add(self, sample: Sample) -> None:
        """Take in one sample."""
        t, y = sample.time, sample.drift
        self._sums += (1.0, t, y, t * t, t * y)

    @property
    def value(self) -> float:
        """meV per atom and ps; 0 before the second sample."""
        n, t, y, tt, ty = self._sums
        spread = n * tt - t * t
        return float((n * ty - t * y) / spread) if spread > 0 else 0.0


def simulate(atoms: ase.Atoms, settings: MDSettings) -> Iterator[Sample]:
    """Move ``atoms``, which carry a calculator, yielding at the start and after each step.

    Raises:
        SezmError: bad input, or the run has blown up.
    """
    rng = np.random.default_rng(settings.seed)
    _set_velocities(atoms, settings, rng)
    dynamics = _integrator(atoms, settings, rng)
    start = None
    for step, _ in enumerate(dynamics.irun(settings.steps)):
        potential, kinetic = float(atoms.get_potential_energy()), float(atoms.get_kinetic_energy())
        total = potential + kinetic
        if not np.isfinite(total):
            raise SezmError(
                f"the energy is {total} at step {step}; start from a relaxed structure, or use a "
                "shorter time step."
            )
        start = total if start is None else start
        yield Sample(
            step=step,
            time=step * settings.timestep / 1000,
            temperature=float(atoms.get_temperature()),
            potential=potential,
            kinetic=kinetic,
            drift=(total - start) / len(atoms) * 1000,
        )


def _integrator(
    atoms: ase.Atoms, settings: MDSettings, rng: np.random.Generator
) -> MolecularDynamics:
    timestep = settings.timestep * units.fs
    if settings.ensemble == "nve":
        return VelocityVerlet(atoms, timestep)
    return Langevin(
        atoms,
        timestep,
        temperature_K=_temperature(settings),
        friction=settings.friction / (1000 * units.fs),
        fixcm=False,  # ASE's way of fixing the centre of mass samples a wrong temperature
        rng=rng,
    )


def _temperature(settings: MDSettings) -> float:
    return DEFAULT_TEMPERATURE if settings.temperature is None else settings.temperature


def _set_velocities(atoms: ase.Atoms, settings: MDSettings, rng: np.random.Generator) -> None:
    """Maxwell-Boltzmann velocities of exactly the temperature, without motion as a whole."""
    brings_own = atoms.has("momenta") and atoms.get_momenta().any()
    if brings_own and (settings.temperature is None or settings.ensemble == "nvt"):
        return
    masses = atoms.get_masses()[:, None]
    velocities = rng.standard_normal((len(atoms), 3)) / np.sqrt(masses)
    if len(atoms) > 1:
        velocities -= (masses * velocities).sum(axis=0) / masses.sum()
    atoms.set_velocities(velocities)
    drawn = atoms.get_temperature()
    if drawn > 0:
        atoms.set_momenta(atoms.get_momenta() * np.sqrt(_temperature(settings) / drawn))
