"""Staged files, part after part: each program in turn over all parts of a system.

The whole system is one part; tiles are parts of so few edges that what is computed on them stays in
the processor's cache. What travels between parts are rows of one array per stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..contract import CONDITIONING_AXES
from ..metadata import StageWidths
from ..staged_contract import NOTHING, Program, programs
from .parts import Part
from .protocol import Session

Arrays = dict[str, np.ndarray]


def run_stages(
    session: Session,
    widths: Sequence[StageWidths],
    inputs: Mapping[str, np.ndarray],
    parts: Sequence[Part],
) -> Arrays:
    """Energies of all atoms and gradients with respect to all edge vectors.

    Args:
        session: of the staged file; its programs take and give what ``staged_contract`` says.
        widths: of what its stages hand on.
        inputs: of the contract, for the whole system.
        parts: every atom is an own atom of one of them.

    Returns:
        ``atom_energy`` [N] float64, masked; ``edge_vec_grad`` [E, 3]; ``spins_grad`` [N, 3] of
        models that take spins.
    """
    run = _Run(session, widths, inputs, parts)
    for number, program in enumerate(programs(len(widths) + 1)):
        if program.backwards:
            run.backwards(number, program)
        else:
            run.forwards(number, program)
    return run.results


class _Run:
    """The arrays of one evaluation: of each stage what it handed on, and gradients of that."""

    def __init__(
        self,
        session: Session,
        widths: Sequence[StageWidths],
        inputs: Mapping[str, np.ndarray],
        parts: Sequence[Part],
    ) -> None:
        self._session, self._widths, self._inputs, self._parts = session, widths, inputs, parts
        self._real = inputs["edge_vec"].dtype
        self._n_atoms = len(inputs["atomic_numbers"])
        self._carried: list[np.ndarray] = []
        self._sent: list[np.ndarray] = []
        self._carried_grad = self._sent_grad = self._rows(0)
        self.results: Arrays = {
            "atom_energy": np.zeros(self._n_atoms),
            "edge_vec_grad": np.zeros_like(inputs["edge_vec"]),
        }
        if "spins" in inputs:
            self.results["spins_grad"] = np.zeros_like(inputs["spins"])

    def forwards(self, number: int, program: Program) -> None:
        """One program over all parts."""
        after = self._widths[program.stage]
        carried, sent = self._rows(after.carried), self._rows(after.sent)
        for part, outputs in self._outputs(number, program, NOTHING):
            if after.carried > 0:
                carried[part.own] = outputs["new_carried"]
            sent[part.own] = outputs["sent"]
        self._carried.append(carried)
        self._sent.append(sent)

    def backwards(self, number: int, program: Program) -> None:
        """One program over all parts; sums what receivers say about an atom."""
        is_last = program.stage == len(self._widths)
        before = NOTHING if program.stage == 0 else self._widths[program.stage - 1]
        carried_grad, sent_grad = self._rows(before.carried), self._rows(before.sent)
        after = NOTHING if is_last else self._widths[program.stage]
        for part, outputs in self._outputs(number, program, after):
            self.results["edge_vec_grad"][part.edges] += outputs["edge_vec_grad"]
            if "spins_grad" in self.results:
                self.results["spins_grad"][part.atoms] += outputs["spins_grad"]
            if is_last:
                self.results["atom_energy"][part.own] = outputs["atom_energy"]
            if before.carried > 0:
                carried_grad[part.own] = outputs["carried_grad"]
            if before.sent > 0:
                sent_grad[part.atoms] += outputs["received_grad"]
        self._carried_grad, self._sent_grad = carried_grad, sent_grad

    def _outputs(
        self, number: int, program: Program, after: StageWidths
    ) -> Iterator[tuple[Part, Arrays]]:
        """Results of a program for each part; ``after`` are the widths of gradients it is given."""
        nothing = np.zeros((0, 0), self._real)
        before = NOTHING if program.stage == 0 else self._widths[program.stage - 1]
        for part in self._parts:
            feed = self._structure(part) | {"program": np.array(number)}
            carried = self._carried[program.stage - 1][part.own] if before.carried else nothing
            received = self._sent[program.stage - 1][part.atoms] if before.sent else nothing
            feed |= {"carried": carried, "received": received}
            feed["new_carried_grad"] = self._carried_grad[part.own] if after.carried else nothing
            feed["sent_grad"] = self._sent_grad[part.own] if after.sent else nothing
            yield part, self._session.run(feed)

    def _structure(self, part: Part) -> Arrays:
        inputs = self._inputs
        extra = {
            name: inputs[name][part.atoms] if axis == "N" else inputs[name]
            for name, axis in CONDITIONING_AXES.items()
            if name in inputs
        }
        return extra | {
            "atomic_numbers": inputs["atomic_numbers"][part.atoms],
            "batch": inputs["batch"][part.atoms],
            "natoms": inputs["natoms"],
            "edge_index": part.edge_index,
            "edge_vec": inputs["edge_vec"][part.edges],
            "atom_mask": inputs["atom_mask"][part.own],
        }

    def _rows(self, width: int) -> np.ndarray:
        return np.zeros((self._n_atoms, width), self._real)
