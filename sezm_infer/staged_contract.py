"""Signature of staged files (``export/FORMAT.md``): a model as a row of programs.

A model of S stages is 2 S - 1 programs, numbered in the order in which they run: the stages
0 .. S-2 forwards, then the stages S-1 .. 0 backwards (the last stage has no program of its own
forwards: going back through it gives the energies as well). All have the same inputs and outputs;
those that a program has no use for are empty ([0, 0], or [0] of one axis).

Axes: N own atoms, A own atoms and ghosts, E edges towards own atoms, B systems; widths are those of
:class:`StageWidths`, of the stage before (inputs) or of this stage (outputs).

    forwards:   new_carried, sent                          = stage(carried, received)
    backwards:  carried_grad, received_grad, edge_vec_grad = gradients with respect to the inputs,
                given new_carried_grad and sent_grad with respect to the outputs

``received`` is ``sent`` of all A atoms, and ``sent_grad`` the sum of ``received_grad`` of an atom
over all who received it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .contract import CONDITIONING_AXES, Signature, TensorSpec

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


@dataclass(frozen=True)
class StageWidths:
    """Numbers per atom that a stage hands on.

    Attributes:
        carried: to the atom's own next stage.
        sent: to the next stage of the atom and its neighbours.
    """

    carried: int
    sent: int


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
    axes = {"B": "B", "N": "A"}
    extra = tuple(
        TensorSpec(name, (axes[axis], conditioning[name]), "real", "")
        for name, axis in CONDITIONING_AXES.items()
        if name in conditioning
    )
    backwards, is_last = program.backwards, program.stage == len(stages)
    inputs = (
        *STRUCTURE,
        *extra,
        _rows("carried", "N", before.carried),
        _rows("received", "A", before.sent),
        _rows("new_carried_grad", "N", after.carried, present=backwards),
        _rows("sent_grad", "N", after.sent, present=backwards),
    )
    energy = TensorSpec("atom_energy", ("N",) if is_last else (0,), "float64", "eV")
    outputs = (
        _rows("new_carried", "N", after.carried, present=not backwards),
        _rows("sent", "N", after.sent, present=not backwards),
        energy,
        _rows("edge_vec_grad", "E", 3, present=backwards),
        _rows("carried_grad", "N", before.carried, present=backwards),
        _rows("received_grad", "A", before.sent, present=backwards),
    )
    if "spins" in conditioning:
        outputs += (_rows("spins_grad", "A", 3, present=backwards),)
    return Signature(inputs, outputs)


def _rows(name: str, axis: str, width: int, *, present: bool = True) -> TensorSpec:
    shape: tuple[int | str, ...] = (axis, width) if present and width > 0 else (0, 0)
    return TensorSpec(name, shape, "real", "")
