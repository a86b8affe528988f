"""``sezm export``: checkpoint to file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..files import require_writable
from ..sessions.sniff import require_checkpoint
from .console import step_display
from .optional_export import export_package
from .options import FILE, ema_option, head_option


class _Sizes(click.ParamType):
    """Two positive whole numbers, "N,E"."""

    name = "N,E"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        parts = str(value).split(",")
        if len(parts) != 2 or not all(part.strip().isdigit() and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is not two whole numbers above 0, atoms and edges: 192,20000.")
        return int(parts[0]), int(parts[1])


@click.command(short_help="Turn a checkpoint into an ONNX, TorchScript or compiled file.")
@click.argument("checkpoint", type=FILE)
@click.option(
    "-o",
    "--output",
    type=FILE,
    required=True,
    help="File to write: .onnx, .pt (TorchScript) or .pt2 (compiled).",
)
@click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Precision of the file.")
@head_option
@ema_option
@click.option("--static", type=_Sizes(), help="Fixed sizes: at most N atoms and E edges.")
@click.option("--atom-virial", is_flag=True, help="Also give the virial of each atom.")
@click.option(
    "--staged", is_flag=True, help="In stages, for simulations on many ranks, or of many atoms."
)
@click.option(
    "--wigner",
    type=click.Choice(["input"]),
    help="Take the Wigner matrices of edges as an input, from programs (eSCN).",
)
@click.option(
    "--forces",
    type=click.Choice(["conservative", "direct"]),
    help="Of models that have both (eSCN): derivatives of the energy, or the model's own.",
)
def export(
    checkpoint: Path,
    output: Path,
    dtype: str | None,
    head: str | None,
    ema: bool,
    static: tuple[int, int] | None,
    atom_virial: bool,
    staged: bool,
    wigner: str | None,
    forces: str | None,
) -> None:
    """Turn a checkpoint into a file that computes energy, forces and virial.

    The file is compared with the checkpoint on systems of many sizes before it gets its name.
    ONNX and TorchScript files run anywhere. A .pt2 file is native code for this kind of CPU and
    this torch; it takes minutes and a C++ compiler, and an ONNX file is written beside it.

    \b
    Example:
      sezm export model.ckpt.pt -o model.onnx
    """
    require_writable(output)
    require_checkpoint(checkpoint)
    package = export_package()
    with step_display() as progress:
        metadata = package.export(
            checkpoint,
            output,
            dtype=dtype,
            head=head,
            ema=ema,
            static=static,
            atom_virial=atom_virial,
            staged=staged,
            wigner=wigner,
            forces=forces,
            progress=progress,
        )
    size = output.stat().st_size / 1e6
    click.echo(
        f"wrote {output} ({size:.1f} MB, {metadata.dtype}, cutoff {metadata.cutoff:g} Angstrom, "
        f"{len(metadata.elements)} elements), verified against {checkpoint}"
    )
