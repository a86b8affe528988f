"""A SeZM model in stages (see ``stage_result.py``).

    bridging gates, if the model has any -> embedding -> one stage per block

Each stage computes the geometry of its edges anew: that is cheap beside messages, and what would
have to be kept otherwise is several times as large as the features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ..neighbor_rows import NeighborRows
from ..stage_result import StageResult
from .residuals import NodeState

if TYPE_CHECKING:
    from .model import SeZM

Tensors = tuple[Tensor, ...]


def count_stages(model: SeZM) -> int:
    """Number of stages."""
    return int(has_gates(model)) + 1 + len(model.descriptor.blocks)


def has_gates(model: SeZM) -> bool:
    """Whether messages depend on the neighbours of the neighbour that sends them."""
    return model.config.window is not None


def run_stage(
    model: SeZM,
    index: int,
    carried: Tensors,
    received: Tensors,
    types: Tensor,
    rows: NeighborRows,
    batch: Tensor,
    charge_spin: Tensor | None,
    fparam: Tensor | None,
    aparam: Tensor | None,
    spins: Tensor | None,
) -> StageResult | Tensor:
    """One stage, for the atoms that have rows.

    ``carried`` and ``received`` are what the stage before handed on, of own and of all atoms; the
    arguments behind them are those of ``SeZM.atom_energy``, of all atoms.

    Returns:
        of the last stage energies [N] in eV, float64.
    """
    descriptor = model.descriptor
    if has_gates(model) and index == 0:
        gate = descriptor.geometry.atom_gate(rows)
        assert gate is not None
        return StageResult((), (gate,))
    gates = received[-1:] if has_gates(model) else ()
    edges = descriptor.edge_geometry(rows, gates[0] if gates else None)
    features, moments = descriptor.type_features(types, batch, charge_spin, spins)
    block = index - len(gates) - 1
    if block < 0:
        state = descriptor.embed(types, features, edges, rows, moments)
    else:
        state = NodeState(carried[0], carried[1:])
        state = descriptor.interact(block, state, received[0], features, edges, rows)
    if block + 1 < len(descriptor.blocks):
        sent = descriptor.blocks[block + 1].features(state)
        own_gates = tuple(gate[: rows.n_targets] for gate in gates)
        return StageResult((state.x, *state.history), (sent, *own_gates))
    scalars = descriptor.read_out(descriptor.final_features(state))
    return model.energies(scalars, types, rows, batch, fparam, aparam)
