"""``sezm md``: molecular dynamics from the command line."""

from __future__ import annotations

from pathlib import Path

import ase
import click

from ..batch import check_elements
from ..calculator import SezmCalculator
from ..conditioning import ARRAY_KEYS, conditioning_of, extra_inputs
from ..errors import SezmError
from ..md import ENSEMBLES, MDSettings, simulate
from ..md_output import MDOutput
from ..structures import read_structures, require_arrays_kept
from .md_display import MDDisplay, md_display
from .options import FILE, ModelChoice, model_choice
from .signals import stop_on_signal

_DEFAULTS = MDSettings()

DIRECT_FORCES_WARNING = (
    "warning: this model gives forces directly, not as the derivative of its energy: the energy is "
    "not conserved, and a drift says nothing of the time step"
)


@click.command(short_help="Run molecular dynamics.")
@model_choice
@click.argument("structure", type=FILE)
@click.option("--steps", type=int, default=_DEFAULTS.steps, show_default=True)
@click.option("--timestep", type=float, default=_DEFAULTS.timestep, show_default=True, help="fs.")
@click.option(
    "--ensemble",
    type=click.Choice(ENSEMBLES),
    default=_DEFAULTS.ensemble,
    show_default=True,
    help="Constant energy (velocity Verlet) or temperature (Langevin).",
)
@click.option(
    "--temperature",
    type=float,
    help="K.  [default: that of the velocities in STRUCTURE, else 300]",
)
@click.option(
    "--friction",
    type=float,
    default=_DEFAULTS.friction,
    show_default=True,
    help="Of the thermostat, 1/ps.",
)
@click.option("--seed", type=int, default=_DEFAULTS.seed, show_default=True)
@click.option(
    "-o",
    "--output",
    type=FILE,
    default="md.extxyz",
    show_default=True,
    help="Trajectory: .extxyz or .traj.",
)
@click.option("--log", type=FILE, help="CSV file.  [default: the trajectory's name with .csv]")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Steps from one frame and log row to the next.",
)
def md(
    choice: ModelChoice,
    structure: Path,
    steps: int,
    timestep: float,
    ensemble: str,
    temperature: float | None,
    friction: float,
    seed: int,
    output: Path,
    log: Path | None,
    every: int,
) -> None:
    """Run molecular dynamics with MODEL from the last frame of STRUCTURE.

    Ctrl-C stops after the current step, with everything written; the last frame holds positions
    and velocities, so that a run can go on from its own trajectory. What the model is conditioned
    on (charge, spin, fparam, aparam, spins) comes with STRUCTURE and stays as it is.

    \b
    Example:
      sezm md model.onnx water.extxyz --steps 2000 --ensemble nvt --temperature 300
    """
    settings = MDSettings(steps, timestep, ensemble, temperature, friction, seed)
    if log is None:
        log = output.with_suffix(".csv")
    _keep_input(structure, output, log)
    with MDOutput(output, log) as files:
        (atoms,) = read_structures(structure, last_only=True)
        session = choice.open()
        check_elements(atoms.numbers, session.metadata)
        conditioning_of(atoms, session.metadata)
        require_arrays_kept(output, extra_inputs(session.metadata).keys() & ARRAY_KEYS.keys())
        if session.metadata.forces_kind == "direct":
            click.echo(DIRECT_FORCES_WARNING, err=True)
        atoms.calc = SezmCalculator(session)
        with md_display(settings) as display:
            finished = _run(atoms, settings, every, files, display)
    _print_summary(display, finished, output, log)


def _keep_input(structure: Path, *outputs: Path) -> None:
    for path in outputs:
        if path.exists() and structure.exists() and path.samefile(structure):
            raise SezmError(
                f"{path}: would overwrite the structure it starts from; use another -o."
            )


def _run(
    atoms: ase.Atoms, settings: MDSettings, every: int, files: MDOutput, display: MDDisplay
) -> bool:
    """Whether all steps were done; the state at the end is written in any case."""
    with stop_on_signal() as stop:
        for sample in simulate(atoms, settings):
            display.update(sample)
            at_end = stop.requested or sample.step == settings.steps
            if sample.step % every == 0 or at_end:
                files.write(sample, atoms)
            if stop.requested:
                return sample.step == settings.steps
    return True


def _print_summary(display: MDDisplay, finished: bool, output: Path, log: Path) -> None:
    last = display.last
    assert last is not None
    if not finished:
        click.echo(f"stopped after step {last.step}", err=True)
    click.echo(
        f"{last.step} steps, {last.time:g} ps: {last.temperature:.1f} K, {display.energy_text()}, "
        f"{display.ns_per_day:.3g} ns/day"
    )
    click.echo(f"wrote {output} and {log}")
