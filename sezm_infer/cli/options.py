"""Arguments and options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..sessions import Options, Session, choose, open_file

FILE = click.Path(path_type=Path)

head_option = click.option("--head", metavar="NAME", help="Head of a multitask checkpoint.")

ema_option = click.option(
    "--ema", is_flag=True, help="The averaged weights (EMA) that a checkpoint carries."
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table."
)


@dataclass(frozen=True)
class ModelChoice:
    """MODEL and the options that say how to open it."""

    model: str
    options: Options

    def open(self) -> Session:
        """Open it, and say which file it is where there was a choice; after cheaper checks.

        Raises:
            SezmError: as :func:`sezm_infer.open_session`.
        """
        choice = choose(self.model, self.options)
        if choice.reason:
            click.echo(f"using {choice.file.path}: {choice.reason}", err=True)
        return open_file(choice.file, self.options)


def model_choice(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument MODEL and its options, passed on as ``choice``."""

    @click.argument("model", metavar="MODEL")
    @opening_options
    @functools.wraps(command)
    def with_choice(model: str, options: Options, **others: Any) -> Any:
        return command(choice=ModelChoice(model, options), **others)

    return with_choice


def opening_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how to open a model, passed on as ``options``."""

    @click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
    @click.option(
        "--threads",
        type=click.IntRange(min=1),
        metavar="N",
        help="Threads within an operator.  [default: all cores]",
    )
    @click.option(
        "--dtype",
        type=click.Choice(["float32", "float64"]),
        help="Precision of a checkpoint; exported files have theirs.",
    )
    @head_option
    @ema_option
    @click.option(
        "--eager", is_flag=True, help="Run a checkpoint itself, not an exported file beside it."
    )
    @functools.wraps(command)
    def with_options(
        device: str,
        threads: int | None,
        dtype: str | None,
        head: str | None,
        ema: bool,
        eager: bool,
        **others: Any,
    ) -> Any:
        return command(options=Options(device, threads, dtype, head, ema, eager), **others)

    return with_options
