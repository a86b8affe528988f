"""``sezm models``: what comes with the package."""

from __future__ import annotations

import click

from ..zoo import bundled_models
from .console import print_json, print_table
from .options import json_option


@click.command(short_help="List the bundled models.")
@json_option
def models(as_json: bool) -> None:
    """List the bundled models; their names can stand wherever a MODEL is asked for.

    \b
    Example:
      sezm models
      sezm info water_gfn1
    """
    bundled = bundled_models()
    if as_json:
        print_json([{"name": name, "file": str(path)} for name, path in bundled.items()])
    elif bundled:
        rows = [
            (name, f"{path.stat().st_size / 1e6:.1f}", str(path)) for name, path in bundled.items()
        ]
        print_table(("name", "MB", "file"), rows)
    else:
        click.echo("no bundled models")
