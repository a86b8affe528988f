"""``sezm check``: prove a file against its checkpoint, afresh."""

from __future__ import annotations

from pathlib import Path

import click

from ..sessions.sniff import require_checkpoint
from .console import print_json, print_record, step_display
from .info import as_text
from .optional_export import export_package
from .options import FILE, ema_option, head_option, json_option


@click.command(short_help="Prove an exported file against its checkpoint.")
@click.argument("file", type=FILE)
@click.option("--against", "checkpoint", type=FILE, required=True, help="The checkpoint.")
@head_option
@ema_option
@json_option
def check(file: Path, checkpoint: Path, head: str | None, ema: bool, as_json: bool) -> None:
    """Compare an exported file with the checkpoint it came from, on systems of many sizes.

    \b
    Example:
      sezm check model.onnx --against model.ckpt.pt
    """
    require_checkpoint(checkpoint)
    package = export_package()
    with step_display() as progress:
        report = package.check(file, checkpoint, head=head, ema=ema, progress=progress)
    if as_json:
        print_json(report)
        return
    print_record([("file", str(file)), *as_text(report)])
    click.echo(f"{file} agrees with {checkpoint}")
