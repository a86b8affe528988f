"""What to do with measurements: one line for people."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernels import kernel_library
from ..sessions.beside import named_after
from ..sessions.options import Options
from ..sessions.sniff import FileKind
from .entries import Entry
from .turns import Measurement

SAME_SPEED = 1.05
"""Ratio of times below which files are called equally fast."""

KERNELS_ADVICE = "ONNX files run faster with compiled kernels ('make kernels')."


def advice(measurements: Sequence[Measurement], entered: Sequence[Entry]) -> str:
    """Which file is fastest here and by how much, and what else could be tried.

    Args:
        measurements: at one size or more; the largest counts.
        entered: all files that took part, whether they could be measured or not.
    """
    return " ".join(filter(None, (_comparison(measurements), _untried(entered))))


def at_largest_size(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Those of the largest system, fastest first."""
    atoms = max(one.atoms for one in measurements)
    found = [one for one in measurements if one.atoms == atoms]
    return sorted(found, key=lambda one: one.us_per_atom_step)


def _comparison(measurements: Sequence[Measurement]) -> str:
    fastest, *others = at_largest_size(measurements)
    if not others:
        return ""
    name, next_name = fastest.path.name, others[0].path.name
    ratio = others[0].us_per_atom_step / fastest.us_per_atom_step
    if ratio < SAME_SPEED:
        return f"{name} and {next_name} are the fastest here, at {fastest.atoms} atoms equally so."
    return (
        f"{name} is the fastest here: at {fastest.atoms} atoms {ratio:.2g} times as fast as "
        f"{next_name}."
    )


def _untried(entered: Sequence[Entry]) -> str:
    kinds = {entry.file.kind for entry in entered}
    if len(entered) == 1 and FileKind.CHECKPOINT not in kinds:
        return f"To compare: 'sezm bench {entered[0].file.path.parent}', or several files."
    if FileKind.ONNX in kinds:
        on_cpu = entered[0].options.device == "cpu"
        return KERNELS_ADVICE if on_cpu and kernel_library() is None else ""
    last = entered[-1].file  # the checkpoint, if it takes part
    target = last.path.with_name(f"{named_after(last.path)}.onnx")
    source = last.path if last.kind is FileKind.CHECKPOINT else "CHECKPOINT"
    command = f"sezm export {source} -o {target}{_export_options(entered[-1].options)}"
    return f"No ONNX file took part: try '{command}'."


def _export_options(options: Options) -> str:
    dtype = f" --dtype {options.dtype}" if options.dtype else ""
    head = f" --head {options.head}" if options.head else ""
    return dtype + head + (" --ema" if options.ema else "")
