"""``sezm bench``: how fast the files of a model run on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..bench import Entry, Measurement, advice, at_largest_size, entries, measure
from ..errors import SezmError
from ..files import require_writable
from ..md import MDSettings
from ..measured import RECORD_NAME, FileTime, Run, machine_name, save_run
from ..sessions import Options
from ..sessions.folder import ExportedFile
from .console import print_json, print_table, step_display
from .options import json_option, opening_options

DEFAULT_SIZES = (24, 192, 1536)


class _SizeList(click.ParamType):
    """Positive whole numbers, "24,192"."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        parts = str(value).split(",")
        if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is not a list of whole numbers above 0: 24,192,1536.")
        return tuple(sorted({int(part) for part in parts}))


@click.command(short_help="Compare the files of a model: time and memory over system sizes.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@opening_options
@click.option("--sizes", type=_SizeList(), help="Numbers of atoms.  [default: 24,192,1536]")
@click.option(
    "--timestep",
    type=click.FloatRange(min=0, min_open=True),
    default=MDSettings().timestep,
    show_default=True,
    help="fs, for ns/day.",
)
@click.option(
    "--save", is_flag=True, help=f"Keep the times in {RECORD_NAME}, for the choice of a file."
)
@json_option
def bench(
    models: tuple[str, ...],
    options: Options,
    sizes: tuple[int, ...] | None,
    timestep: float,
    save: bool,
    as_json: bool,
) -> None:
    """Time energy, forces and virial with the files of a model on this machine.

    MODEL is a file, several of one model, or a folder or checkpoint, which stands for all files
    there that compute the same and run here. Each runs in a process of its own; they take turns,
    step by step. Times are medians, through the ASE calculator; memory is the largest of the file's
    process up to that size. The boxes are water where the model knows H and O, else a lattice of
    its elements; neutral, with parameters 0 and unit spins where the model takes them.

    With --save, commands and SezmCalculator take the fastest file (at the largest size) when they
    are given the folder or the checkpoint, on such a machine with as many threads.

    \b
    Example:
      sezm bench model.ckpt.pt --sizes 24,192,1536 --threads 2
    """
    entered = entries(models, options)
    folder = _folder_of_record(entered) if save else None
    with step_display() as progress:
        measurements = measure(
            entered,
            sizes or _default_sizes(entered),
            progress,
            lambda problem: click.echo(f"left out: {problem}", err=True),
        )
    if as_json:
        print_json([_record(one, timestep) for one in measurements])
    else:
        _print_measurements(measurements, timestep)
        click.echo(advice(measurements, entered))
    if folder is not None:
        written = save_run(folder, _run(measurements, options))
        click.echo(f"wrote {written}", err=True)


def _default_sizes(entered: Sequence[Entry]) -> tuple[int, ...]:
    fixed = [
        entry.file.metadata.static_sizes.atoms
        for entry in entered
        if isinstance(entry.file, ExportedFile) and entry.file.metadata.static_sizes
    ]
    if not fixed:
        return DEFAULT_SIZES
    return tuple(size for size in DEFAULT_SIZES if size <= min(fixed)) or (min(fixed),)


def _folder_of_record(entered: Sequence[Entry]) -> Path:
    """The one folder of all files; refused before anything is measured."""
    folders = {entry.file.path.parent for entry in entered}
    if len(folders) > 1:
        names = ", ".join(sorted(str(folder) for folder in folders))
        raise SezmError(f"--save: the files lie in several folders ({names}); leave it out.")
    (folder,) = folders
    require_writable(folder / RECORD_NAME)
    return folder


def _run(measurements: Sequence[Measurement], options: Options) -> Run:
    found = at_largest_size(measurements)
    files = {
        one.path.name: FileTime(one.path.stat().st_size, one.us_per_atom_step) for one in found
    }
    return Run(machine_name(), options.device, options.threads, found[0].atoms, files)


def _ns_per_day(measurement: Measurement, timestep: float) -> float:
    return timestep * 86.4 / measurement.ms_per_step


def _record(measurement: Measurement, timestep: float) -> dict[str, Any]:
    record = asdict(measurement)
    path = record.pop("path")
    return {"file": str(path)} | record | {"ns_per_day": _ns_per_day(measurement, timestep)}


def _print_measurements(measurements: Sequence[Measurement], timestep: float) -> None:
    rows = [
        (
            f"{one.atoms}",
            f"{one.edges}",
            one.backend,
            one.dtype,
            f"{one.threads or 'all'}",
            f"{one.ms_per_step:.2f}",
            f"{one.ms_in_model:.2f}",
            f"{one.us_per_atom_step:,.1f}",
            f"{_ns_per_day(one, timestep):.3g}",
            f"{one.peak_mb:.0f}",
            one.path.name,
        )
        for one in measurements
    ]
    columns = (
        "atoms",
        "edges",
        "backend",
        "dtype",
        "threads",
        "ms/step",
        "in model",
        "us/atom",
        "ns/day",
        "peak MB",
        "file",
    )
    print_table(columns, rows)
