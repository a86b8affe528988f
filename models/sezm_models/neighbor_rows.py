"""Edges in rows of fixed width: every sum over neighbours becomes a dense matrix product.

A flat edge list with E edges in any order is laid out as R rows of ``ROW_WIDTH`` slots. All slots
of a row belong to one target atom; an atom with n edges fills ceil(n / ROW_WIDTH) rows, its last
one in part. Since ``sum_n ceil(n / width) <= N + E // width``, R is known from the sizes alone: the
layout is traceable with dynamic shapes, static where N and E are, and cuts into tiles of equal
shape.

An empty slot holds a dummy edge longer than the cutoff. The last slot is always empty: if all R
rows were in use and the last one full, the bound above would be exceeded by one.

The same edges grouped by *source* give the transpose of a gather from source atoms, again as dense
products without scattering.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from .neighbor_slots import ROW_WIDTH, neighbor_slots
from .segments import segment_sum

__all__ = [
    "ROW_WIDTH",
    "NeighborRows",
    "gather_sources",
    "neighbor_rows",
    "rotate_sources",
    "sum_outer",
    "sum_to_targets",
]


class NeighborRows(NamedTuple):
    """S = R * ROW_WIDTH slots; flat slot index = row * ROW_WIDTH + column.

    All atoms may be sources. The first ``n_targets`` of them have rows: atoms beyond are ghosts,
    whose own neighbours others know.

    Attributes:
        vec: [S, 3] edge vectors, target to source; longer than the cutoff in empty slots.
        source: [S] source atom of each slot; 0 in empty slots.
        target: [R] target atom of each row; 0 for empty rows.
        source_slot: [Q * ROW_WIDTH] slots, in Q rows of equal source; S - 1 where there is none.
        source_atom: [Q] the source atom of each of these rows; 0 where there is none.
        edge: [S] edge of each slot; E in empty slots.
        n_targets: N.
    """

    vec: Tensor
    source: Tensor
    target: Tensor
    source_slot: Tensor
    source_atom: Tensor
    edge: Tensor
    n_targets: int


def neighbor_rows(
    edge_index: Tensor,
    edge_vec: Tensor,
    n_atoms: int,
    cutoff: float,
    n_targets: int | None = None,
) -> NeighborRows:
    """Lay out a flat edge list in rows.

    Args:
        edge_index: [2, E] int64; row 0 source, row 1 target.
        edge_vec: [E, 3] = pos[source] - pos[target] + shift.
        n_atoms: of all atoms, ghosts included.
        cutoff: Angstrom.
        n_targets: N, atoms that are targets, the first ones; None for all.
    """
    n_targets = n_atoms if n_targets is None else n_targets
    slots = neighbor_slots(edge_index[0], edge_index[1], n_atoms, n_targets)
    # One dummy edge behind the real ones is what empty slots point at; it keeps E = 0 legal.
    dummy = edge_vec.new_full((1, 3), 2.0 * cutoff)
    return NeighborRows(
        vec=_ToSlots.apply(torch.cat([edge_vec, dummy]), slots.edge, slots.slot_of_edge),
        source=slots.source,
        target=slots.target,
        source_slot=slots.source_slot,
        source_atom=slots.source_atom,
        edge=slots.edge,
        n_targets=n_targets,
    )


def sum_to_targets(row_values: Tensor, rows: NeighborRows) -> Tensor:
    """Sum rows [R, ...] into their target atoms [N, ...]."""
    return segment_sum(row_values, rows.target, rows.n_targets)


def sum_outer(left: Tensor, right: Tensor, rows: NeighborRows) -> Tensor:
    """Sum over each atom's neighbours of left (x) right: [S, A], [S, B] -> [N, A, B]."""
    in_rows = (-1, ROW_WIDTH)
    left = left.reshape(*in_rows, left.shape[1])
    right = right.reshape(*in_rows, right.shape[1])
    return sum_to_targets(torch.bmm(left.transpose(1, 2), right), rows)


def gather_sources(values: Tensor, rows: NeighborRows) -> Tensor:
    """Rows of ``values`` [A, C] of the source atoms, ghosts included: [S, C].

    The gradient that reaches empty slots must be zero, as it is when all they feed has zero weight.
    """
    return _GatherSources.apply(values, rows.source, rows.source_slot, rows.source_atom)


def rotate_sources(features: Tensor, matrices: Tensor, rows: NeighborRows) -> Tensor:
    """Gather source features and multiply: out[s] = matrices[s] @ features[source[s]].

    Args:
        features: [A, D, C], ghosts included.
        matrices: [S, M, D].
        rows: as for :func:`gather_sources`, gradients at empty slots must be zero.

    Returns:
        [S, M, C].
    """
    return _RotateSources.apply(features, matrices, rows.source, rows.source_slot, rows.source_atom)


def _sum_to_sources(
    slot_values: Tensor, source_slot: Tensor, source_atom: Tensor, n: int
) -> Tensor:
    """[S, C] -> [N, C]: sum over the slots that have each atom as their source."""
    gathered = slot_values.index_select(0, source_slot)
    in_rows = gathered.reshape(-1, ROW_WIDTH, gathered.shape[1])
    return segment_sum(in_rows.sum(1), source_atom, n)


class _ToSlots(torch.autograd.Function):
    """[E + 1, 3] edge vectors to slots; its transpose is a gather, since no edge is used twice."""

    @staticmethod
    def forward(ctx: Any, vec: Tensor, edge_of_slot: Tensor, slot_of_edge: Tensor) -> Tensor:
        ctx.save_for_backward(slot_of_edge)
        return vec.index_select(0, edge_of_slot)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (slot_of_edge,) = ctx.saved_tensors
        real_edges = grad.index_select(0, slot_of_edge)
        return torch.cat([real_edges, grad.new_zeros((1, 3))]), None, None


class _GatherSources(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: Tensor, source: Tensor, source_slot: Tensor, source_atom: Tensor
    ) -> Tensor:
        ctx.save_for_backward(source_slot, source_atom)
        ctx.n_atoms = values.shape[0]
        return values.index_select(0, source)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        source_slot, source_atom = ctx.saved_tensors
        return _sum_to_sources(grad, source_slot, source_atom, ctx.n_atoms), None, None, None


class _RotateSources(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        matrices: Tensor,
        source: Tensor,
        source_slot: Tensor,
        source_atom: Tensor,
    ) -> Tensor:
        gathered = features.index_select(0, source)
        ctx.save_for_backward(gathered, matrices, source_slot, source_atom)
        ctx.n_atoms = features.shape[0]
        return torch.bmm(matrices, gathered)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        gathered, matrices, source_slot, source_atom = ctx.saved_tensors
        _, m, d = matrices.shape
        c = grad.shape[2]
        # Rotation back and sum over a row's slots are one product of depth ROW_WIDTH * M.
        by_source = (-1, ROW_WIDTH * m)
        matrices_t = matrices.index_select(0, source_slot).reshape(*by_source, d).transpose(1, 2)
        grads = grad.index_select(0, source_slot).reshape(*by_source, c)
        grad_features = segment_sum(torch.bmm(matrices_t, grads), source_atom, ctx.n_atoms)
        grad_matrices = torch.bmm(grad, gathered.transpose(1, 2))
        return grad_features, grad_matrices, None, None, None
