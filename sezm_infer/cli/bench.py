"""``sezm bench``: how fast a model runs on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from ..bench import Measurement, measure
from ..boxes import box_for_model
from ..sessions import Session
from .console import print_json, print_table, stderr
from .options import ModelChoice, json_option, model_choice

DEFAULT_SIZES = (24, 192, 1536)


class _SizeList(click.ParamType):
    """Positive whole numbers, "24,192"."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        parts = str(value).split(",")
        if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is not a list of whole numbers above 0: 24,192,1536.")
        return tuple(sorted(int(part) for part in parts))


@click.command(short_help="Time a model over system sizes.")
@model_choice
@click.option("--sizes", type=_SizeList(), help="Numbers of atoms.  [default: 24,192,1536]")
@json_option
def bench(choice: ModelChoice, sizes: tuple[int, ...] | None, as_json: bool) -> None:
    """Time energy, forces and virial with MODEL on periodic boxes of several sizes.

    The boxes are water where the model knows H and O, else a lattice of its elements; neutral,
    with parameters 0 and unit spins where the model takes them. Memory is the largest of the whole
    process up to that size.

    \b
    Example:
      sezm bench model.onnx --sizes 24,192,1536 --threads 2
    """
    session = choice.open()
    measurements = _measure_all(session, sizes or _default_sizes(session))
    if as_json:
        print_json([asdict(measurement) for measurement in measurements])
    else:
        _print_measurements(measurements)


def _default_sizes(session: Session) -> tuple[int, ...]:
    fixed = session.metadata.static_sizes
    if fixed is None:
        return DEFAULT_SIZES
    return tuple(size for size in DEFAULT_SIZES if size <= fixed.atoms) or (fixed.atoms,)


def _measure_all(session: Session, sizes: Sequence[int]) -> list[Measurement]:
    measurements = []
    with stderr.status("") as status:
        for size in sizes:
            atoms = box_for_model(session.metadata, size)
            status.update(f"{len(atoms)} atoms")
            measurements.append(measure(session, atoms))
    return measurements


def _print_measurements(measurements: Sequence[Measurement]) -> None:
    rows = [
        (
            f"{one.atoms}",
            f"{one.edges}",
            f"{one.ms_per_step:.2f}",
            f"{one.ms_in_model:.2f}",
            f"{one.atom_steps_per_second:,.0f}",
            f"{one.peak_mb:.0f}",
        )
        for one in measurements
    ]
    columns = ("atoms", "edges", "ms/step", "in model", "atoms*steps/s", "peak MB")
    print_table(columns, rows)
