"""Dynamics conserve what they should, and leave complete files."""

from __future__ import annotations

import csv
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest

from sezm_infer import SezmCalculator, SezmError
from sezm_infer.md import DriftRate, MDSettings, Sample, simulate
from sezm_infer.md_output import LOG_COLUMNS, MDOutput


@pytest.fixture
def atoms(crystal: ase.Atoms, toy_onnx: Path) -> ase.Atoms:
    """A crystal of the toy potential at the bottom of its well."""
    crystal.calc = SezmCalculator(toy_onnx)
    return crystal


def _with_calculator(atoms: ase.Atoms) -> ase.Atoms:
    copy = atoms.copy()
    copy.calc = atoms.calc
    return copy


def test_constant_energy_dynamics_conserve_energy_and_momentum(atoms: ase.Atoms) -> None:
    samples = list(simulate(atoms, MDSettings(steps=400, timestep=0.5, temperature=100)))
    assert [sample.step for sample in samples] == list(range(401))
    assert max(abs(sample.drift) for sample in samples) < 0.1
    assert max(abs(sample.kinetic - samples[0].kinetic) for sample in samples) > 0.05
    np.testing.assert_allclose(atoms.get_momenta().sum(axis=0), 0, atol=1e-10, rtol=0)


def test_the_energy_error_falls_with_the_square_of_the_time_step(
    atoms: ase.Atoms,
) -> None:
    largest = []
    for timestep, steps in ((1.0, 100), (0.5, 200)):
        start = _with_calculator(atoms)
        settings = MDSettings(steps=steps, timestep=timestep, temperature=100)
        largest.append(max(abs(sample.drift) for sample in simulate(start, settings)))
    assert largest[0] / largest[1] == pytest.approx(4, rel=0.1)


def test_the_thermostat_holds_its_temperature(atoms: ase.Atoms) -> None:
    settings = MDSettings(
        steps=300, timestep=1.0, ensemble="nvt", temperature=200, friction=100.0, seed=1
    )
    temperatures = [sample.temperature for sample in simulate(atoms, settings)]
    assert np.mean(temperatures[100:]) == pytest.approx(200, rel=0.1)


def test_runs_repeat_with_their_seed(atoms: ase.Atoms) -> None:
    ends = []
    for seed in (1, 1, 2):
        start = _with_calculator(atoms)
        *_, last = simulate(start, MDSettings(steps=5, ensemble="nvt", seed=seed))
        ends.append(last.total)
    assert ends[0] == ends[1] != ends[2]


def test_velocities_of_the_structure_are_kept_unless_a_temperature_is_asked_for(
    atoms: ase.Atoms,
) -> None:
    atoms.set_velocities(np.random.default_rng(0).normal(scale=0.01, size=(64, 3)))
    own = atoms.get_temperature()

    def first_temperature(settings: MDSettings) -> float:
        return next(simulate(_with_calculator(atoms), settings)).temperature

    assert first_temperature(MDSettings()) == pytest.approx(own)
    assert first_temperature(MDSettings(temperature=50)) == pytest.approx(50)
    assert first_temperature(MDSettings(temperature=50, ensemble="nvt")) == pytest.approx(own)


def test_a_structure_without_velocities_starts_at_300_kelvin(atoms: ase.Atoms) -> None:
    assert next(simulate(atoms, MDSettings(steps=0))).temperature == pytest.approx(300)


def test_a_run_that_blows_up_says_at_which_step(atoms: ase.Atoms) -> None:
    atoms.set_velocities(np.full((64, 3), 1e306))
    with pytest.raises(SezmError, match=r"at step|finite"):
        list(simulate(atoms, MDSettings(steps=3)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", -1),
        ("timestep", 0.0),
        ("timestep", float("nan")),
        ("temperature", -1.0),
        ("friction", 0.0),
        ("seed", -1),
        ("ensemble", "npt"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SezmError, match=f"{name} is"):
        MDSettings(**{name: value})  # type: ignore[arg-type]


def test_the_drift_rate_is_the_slope_of_the_energy() -> None:
    rate = DriftRate()
    for step in range(10):
        rate.add(Sample(step, 0.1 * step, 300, 0, 0, drift=1 + 2.5 * 0.1 * step))
    assert rate.value == pytest.approx(2.5)


@pytest.mark.parametrize("suffix", [".extxyz", ".traj"])
def test_trajectory_and_log_hold_every_sample_written(
    atoms: ase.Atoms, tmp_path: Path, suffix: str
) -> None:
    trajectory, log = tmp_path / f"run{suffix}", tmp_path / "run.csv"
    samples = []
    with MDOutput(trajectory, log) as output:
        for sample in simulate(atoms, MDSettings(steps=4)):
            output.write(sample, atoms)
            samples.append(sample)
            frames = ase.io.read(trajectory, ":")  # complete on disk while the run goes on
            rows = list(csv.DictReader(log.open()))
            assert len(frames) == len(rows) == sample.step + 1
        output.write(sample, atoms)  # the same again changes nothing
    assert len(ase.io.read(trajectory, ":")) == 5
    assert tuple(rows[0]) == LOG_COLUMNS
    for frame, row, sample in zip(frames, rows, samples, strict=True):
        assert frame.get_potential_energy() == pytest.approx(sample.potential)
        assert frame.get_temperature() == pytest.approx(sample.temperature, rel=1e-6)
        assert frame.get_forces().shape == (64, 3)
        assert float(row["total_energy_eV"]) == pytest.approx(sample.total)


def test_a_run_that_never_starts_leaves_no_files(tmp_path: Path) -> None:
    trajectory, log = tmp_path / "run.extxyz", tmp_path / "run.csv"
    with MDOutput(trajectory, log):
        pass
    assert list(tmp_path.iterdir()) == []


def test_paths_that_cannot_be_written_are_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(SezmError, match="does not exist; create it"):
        MDOutput(tmp_path / "missing" / "run.extxyz", None)
    with pytest.raises(SezmError, match=r"'.dcd'; use one of .extxyz"):
        MDOutput(tmp_path / "run.dcd", None)
