"""Which edge lies in which slot of the rows of :mod:`.neighbor_rows`, as one operator."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .segments import segment_sum
from .whole_operators import call, define

ROW_WIDTH = 4
"""Slots per row: 5 % of empty slots in liquid water at a cutoff of 6 Angstrom."""


class NeighborSlots(NamedTuple):
    """The arrays of :class:`.NeighborRows` of these names, and ``slot_of_edge`` [E]."""

    edge: Tensor
    source: Tensor
    target: Tensor
    source_slot: Tensor
    source_atom: Tensor
    slot_of_edge: Tensor


def neighbor_slots(source: Tensor, target: Tensor, n_atoms: int, n_targets: int) -> NeighborSlots:
    """Lay out edges in rows by target, and their slots in rows by source.

    Args:
        source: [E] int64, atom of each edge.
        target: [E] int64, likewise.
        n_atoms: sources are below.
        n_targets: targets are below.
    """
    # Operators take sizes from tensors.
    atoms, targets = source.new_zeros((n_atoms,)), source.new_zeros((n_targets,))
    return NeighborSlots(*call("neighbor_slots", source, target, atoms, targets))


def _neighbor_slots(source: Tensor, target: Tensor, atoms: Tensor, targets: Tensor) -> list[Tensor]:
    edge_of_slot, slot_of_edge = _assign_slots(target, targets.shape[0])
    by_source, _ = _assign_slots(source, atoms.shape[0])
    last_slot = slot_of_edge.new_full((1,), edge_of_slot.shape[0] - 1)
    dummy_atom = source.new_zeros((1,))
    source_or_none = torch.cat([source, dummy_atom])
    target_or_none = torch.cat([target, dummy_atom])
    return [
        edge_of_slot,
        source_or_none.index_select(0, edge_of_slot),
        target_or_none.index_select(0, _first_column(edge_of_slot)),
        torch.cat([slot_of_edge, last_slot]).index_select(0, by_source),
        source_or_none.index_select(0, _first_column(by_source)),
        slot_of_edge,
    ]


def _shapes(source: Tensor, target: Tensor, atoms: Tensor, targets: Tensor) -> list[Tensor]:
    rows, source_rows = (_n_rows(each.shape[0], source.shape[0]) for each in (targets, atoms))
    lengths = [ROW_WIDTH * rows, ROW_WIDTH * rows, rows, ROW_WIDTH * source_rows, source_rows]
    return [source.new_empty(length) for length in (*lengths, source.shape[0])]


def _n_rows(n_atoms: int, n_edges: int) -> int:
    return n_atoms + n_edges // ROW_WIDTH


def _assign_slots(index: Tensor, n_atoms: int) -> tuple[Tensor, Tensor]:
    """Slots for edges grouped by ``index`` [E]: edge of each slot [S], slot of each edge [E].

    Empty slots get the edge number E.
    """
    n_edges = index.shape[0]
    n_slots = ROW_WIDTH * _n_rows(n_atoms, n_edges)
    sorted_index, order = torch.sort(index, stable=True)
    count = segment_sum(torch.ones_like(index), index, n_atoms)
    first_edge = torch.cumsum(count, 0) - count
    rows_of_atom = torch.div(count + (ROW_WIDTH - 1), ROW_WIDTH, rounding_mode="floor")
    first_slot = (torch.cumsum(rows_of_atom, 0) - rows_of_atom) * ROW_WIDTH
    offset = (first_slot - first_edge).index_select(0, sorted_index)
    slot = torch.arange(n_edges, device=index.device) + offset
    edge_of_slot = torch.full((n_slots,), n_edges, dtype=index.dtype, device=index.device)
    edge_of_slot = edge_of_slot.scatter(0, slot, order)
    slot_of_edge = torch.zeros_like(index).scatter(0, order, slot)
    return edge_of_slot, slot_of_edge


def _first_column(edge_of_slot: Tensor) -> Tensor:
    """[S] -> [R]: a row in use is filled from its first column on."""
    return edge_of_slot.reshape(-1, ROW_WIDTH)[:, 0]


define(
    "neighbor_slots",
    "Tensor source, Tensor target, Tensor atoms, Tensor targets",
    _neighbor_slots,
    _shapes,
)
