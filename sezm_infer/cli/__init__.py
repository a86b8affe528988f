"""The command ``sezm``: one module per subcommand."""

from __future__ import annotations

from importlib.metadata import version

import click

from .bench import bench
from .check import check
from .eval import evaluate_file
from .export import export
from .group import OneLineErrors
from .info import info
from .md import md
from .models import models


@click.group(cls=OneLineErrors, invoke_without_command=True)
@click.version_option(version("sezm-infer"), prog_name="sezm")
@click.pass_context
def main(context: click.Context) -> None:
    """Export trained DPA4/SeZM potentials to one portable file, and run it.

    \b
    From a checkpoint to molecular dynamics:
      sezm export model.ckpt.pt -o model.onnx
      sezm md model.onnx water.xyz --steps 1000
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (export, info, check, evaluate_file, md, bench, models):
    main.add_command(command)
