"""Our backends beside DeePMD-kit's, on the same weights, structures and threads, in turns.

    python -m benchmarks.compare --models tiny,mini --sizes 192,1536 --deepmd-python PATH/bin/python

prints a table per model and size. Files are kept in ``--folder`` and made again when the sources
are newer; compiling a ``.pt2`` takes minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import ase.io

from sezm_infer import open_session
from sezm_infer.boxes import box_for_model
from sezm_infer.neighbors import NeighborList

from .arithmetic import product_flops
from .contestants import OURS, REPOSITORY, contestants
from .plot import plot
from .race import race
from .report import table

sys.path.append(str(REPOSITORY / "tests/reference"))
from random_checkpoint import write_checkpoint

MODELS = ("tiny", "mini", "defaults", "plus")
"""Of ``tests/reference``: complete checkpoints with random weights."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make what is missing, race, print."""
    options = _parser().parse_args(arguments)
    for path in filter(None, (options.json, options.plot)):
        path.parent.mkdir(parents=True, exist_ok=True)
    records = []
    for model in options.models:
        folder = options.folder / model
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = folder / "model.ckpt.pt"
        if not checkpoint.exists():
            write_checkpoint(model, checkpoint)
        entered = contestants(folder, options.backends, options.file, options.deepmd_python)
        for size in options.sizes:
            structure, atoms, edges = _structure(folder, checkpoint, size)
            results, yardstick = race(entered, structure, options.threads, options.steps)
            print(f"\n### {model}, {atoms:,} atoms, {edges:,} edges, {options.threads} thread(s)\n")
            print(table(results, yardstick, product_flops(checkpoint, atoms, edges)), flush=True)
            for result in (*results, yardstick):
                records.append({"model": model, "atoms": atoms, "edges": edges, **asdict(result)})
            options.json.write_text(json.dumps(records, indent=1))
    if options.plot is not None:
        plot(records, options.plot)


def _structure(folder: Path, checkpoint: Path, size: int) -> tuple[Path, int, int]:
    """A box as a file that every contestant reads; its numbers of atoms and edges."""
    metadata = open_session(checkpoint, eager=True).metadata
    atoms = box_for_model(metadata, size)
    path = folder / f"box{size}.extxyz"
    ase.io.write(path, atoms)
    edges = NeighborList(metadata.cutoff, max_neighbors=metadata.max_neighbors).update(atoms)
    return path, len(atoms), len(edges.distances)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    add = parser.add_argument
    add("--models", type=_names(MODELS), default=["tiny", "mini"], help=", ".join(MODELS))
    add("--sizes", type=_numbers, default=[192], help="numbers of atoms")
    ordinary = [name for name in OURS if "staged" not in name]
    add("--backends", type=_names(OURS), default=ordinary, help=", ".join(OURS))
    add("--file", type=Path, action="append", default=[], help="a further file of the one model")
    add("--deepmd-python", type=Path, help="a python with DeePMD-kit")
    add("--threads", type=int, default=1, help="of each contestant")
    add("--steps", type=int, default=9, help="timed steps of each contestant")
    add("--folder", type=Path, default=Path("build/benchmarks"), help="for files of models")
    add("--json", type=Path, default=Path("build/benchmarks.json"), help="for all times")
    add("--plot", type=Path, help="a picture of times and memory over sizes")
    return parser


def _names(known: Sequence[str]):  # type: ignore[no-untyped-def]
    def parsed(text: str) -> list[str]:
        names = [name for name in text.split(",") if name]
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"{min(unknown)!r} is none of {', '.join(known)}")
        return names

    return parsed


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
