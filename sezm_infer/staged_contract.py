"""Signature of staged files (``export/FORMAT.md``): a model as a row of programs.

A model of S stages is 2 S - 1 programs, numbered in the order in which they run: the stages
0 .. S-2 forwards, then the stages S-1 .. 0 backwards (the last stage has no program of its own
forwards: going back through it gives the energies as well). All have the same inputs and outputs;
those that a program has no use for are empty ([0, 0], or [0] of one axis).

Axes: N own atoms, A own atoms and ghosts, E edges towards own atoms, B systems; widths are those of
:class:`~sezm_infer.metadata.StageWidths`, of the stage before (inputs) or of this stage (outputs).

    forwards:   new_carried, sent                          = stage(carried, received)
    backwards:  carried_grad, received_grad, edge_vec_grad = gradients with respect to the inputs,
                given new_carried_grad and sent_grad with respect to the outputs

``received`` is ``sent`` of all A atoms, and ``sent_grad`` the sum of ``received_grad`` of an atom
over all who received it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .conditioning import extra_inputs
from .contract import CONDITIONING_AXES, Signature, TensorSpec
from .metadata import Metadata, StageWidths

PROGRAM = TensorSpec("program", (), "int64", "")
"""First input of a staged file: number of the program to run."""

STRUCTURE = (
    TensorSpec("atomic_numbers", ("A",), "int64", ""),
    TensorSpec("batch", ("A",), "int64", ""),
    TensorSpec("natoms", ("B",), "int64", ""),
    TensorSpec("edge_index", (2, "E"), "int64", ""),
    TensorSpec("edge_vec", ("E", 3), "real", "Angstrom"),
    TensorSpec("atom_mask", ("N",), "real", ""),
)
"""Inputs of every program, as in ``contract.INPUTS``."""


NOTHING = StageWidths(0, 0)
"""What the first stage is handed, and the last one hands on."""


class Program(NamedTuple):
    """One program of a staged file."""

    stage: int
    backwards: bool


def programs(n_stages: int) -> list[Program]:
    """In the order of their numbers."""
    forwards = [Program(stage, False) for stage in range(n_stages - 1)]
    return forwards + [Program(stage, True) for stage in reversed(range(n_stages))]


Shape = tuple[int | str, ...]


def program_signature(
    program: Program, stages: tuple[StageWidths, ...], conditioning: Mapping[str, int]
) -> Signature:
    """Inputs (without ``program``) and outputs of a program, all of them.

    Args:
        program: which one.
        stages: what each stage but the last hands on.
        conditioning: width of each extra input; ``aparam`` and ``spins`` are of all A atoms.
    """
    before = NOTHING if program.stage == 0 else stages[program.stage - 1]
    after = NOTHING if program.stage == len(stages) else stages[program.stage]
    back, is_last = program.backwards, program.stage == len(stages)
    shapes = {
        "carried": _rows("N", before.carried),
        "received": _rows("A", before.sent),
        "new_carried_grad": _rows("N", after.carried, present=back),
        "sent_grad": _rows("N", after.sent, present=back),
        "new_carried": _rows("N", after.carried, present=not back),
        "sent": _rows("N", after.sent, present=not back),
        "atom_energy": ("N",) if is_last else (0,),
        "edge_vec_grad": _rows("E", 3, present=back),
        "carried_grad": _rows("N", before.carried, present=back),
        "received_grad": _rows("A", before.sent, present=back),
        "spins_grad": _rows("A", 3, present=back),
    }
    return _signature(shapes, conditioning)


def common_signature(metadata: Metadata) -> Signature:
    """What all programs of a staged file have in common: axes whose length depends on the program
    go by letters of their own."""
    shapes: dict[str, Shape] = {
        name: (f"{name}_rows", f"{name}_width") for name in (*HANDED_ON, *RESULTS)
    }
    shapes["atom_energy"] = ("atom_energy_rows",)
    return _signature(shapes, extra_inputs(metadata))


def file_signature(metadata: Metadata) -> Signature:
    """What the graph in a file takes and gives, staged or not."""
    if metadata.stages is None:
        return Signature(metadata.inputs, metadata.outputs)
    common = common_signature(metadata)
    return Signature((PROGRAM, *common.inputs), common.outputs)


HANDED_ON = ("carried", "received", "new_carried_grad", "sent_grad")
"""Inputs that come from other programs."""

RESULTS = (
    "new_carried",
    "sent",
    "atom_energy",
    "edge_vec_grad",
    "carried_grad",
    "received_grad",
    "spins_grad",
)
"""Outputs, in their order; the last only of models that take ``spins``."""


def _signature(shapes: Mapping[str, Shape], conditioning: Mapping[str, int]) -> Signature:
    axes = {"B": "B", "N": "A"}
    extra = tuple(
        TensorSpec(name, (axes[axis], conditioning[name]), "real", "")
        for name, axis in CONDITIONING_AXES.items()
        if name in conditioning
    )
    results = RESULTS if "spins" in conditioning else RESULTS[:-1]
    handed_on = tuple(TensorSpec(name, shapes[name], "real", "") for name in HANDED_ON)
    outputs = tuple(
        TensorSpec(name, shapes[name], "float64" if name == "atom_energy" else "real", "")
        for name in results
    )
    return Signature((*STRUCTURE, *extra, *handed_on), outputs)


def _rows(axis: str, width: int, *, present: bool = True) -> Shape:
    return (axis, width) if present and width > 0 else (0, 0)
