"""What users see: results on stdout, progress on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

stderr = Console(stderr=True, highlight=False)

_WIDE = 1000


def print_json(value: object) -> None:
    """JSON on stdout; arrays become lists, and numbers that are not finite become null."""
    click.echo(json.dumps(_plain(value), indent=1, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def print_record(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    _print(table)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; columns of numbers are aligned right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        is_number = all(_looks_numeric(row[index]) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    _print(table)


def _looks_numeric(text: str) -> bool:
    return text == "-" or text.lstrip("+-").replace(",", "").replace(".", "").isdigit()


def _print(table: Table) -> None:
    """Fitted to a terminal; elsewhere whole lines, without blanks at their ends."""
    console = Console(highlight=False, markup=False)
    if console.is_terminal:
        console.print(table)
        return
    console.width = _WIDE
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


@contextmanager
def step_display() -> Iterator[Callable[[str], None]]:
    """Shows which step a long task is at; gives the function to call with its description."""
    if not stderr.is_terminal:
        yield lambda step: click.echo(f"{step} ...", err=True)
        return
    with stderr.status("starting") as status:

        def show(step: str) -> None:
            status.update(step)

        yield show
