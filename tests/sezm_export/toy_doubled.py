"""Models that work on twice the atoms of their input."""

from __future__ import annotations

import torch
from sezm_models.graph_sizes import SAME_AS_INPUT, GraphSizes
from sezm_models.neighbor_rows import ROW_WIDTH, neighbor_rows, sum_to_targets
from sezm_models.segments import segment_sum
from toy_model import ToyModel


class DoubledToy(ToyModel):
    """Every atom has a copy, which edges see with a smaller weight; sums are over rows."""

    graph_sizes = GraphSizes(nodes_per_atom=2, edges_per_atom=2, edges_per_edge=4)

    def forward(self, *, atomic_numbers, edge_index, edge_vec, **others):
        """Energy of each atom and of its copy."""
        n_atoms = atomic_numbers.shape[0]
        source, target = edge_index[0], edge_index[1]
        atoms = torch.arange(n_atoms)
        sources = torch.cat([source, source + n_atoms, source, source + n_atoms, atoms, atoms])
        targets = torch.cat([target, target, target + n_atoms, target + n_atoms, atoms, atoms])
        own = edge_vec.new_full((2 * n_atoms, 3), 0.5)
        vec = torch.cat([edge_vec, 0.9 * edge_vec, 0.8 * edge_vec, 0.7 * edge_vec, own])
        vec = torch.where((vec * vec).sum(1, keepdim=True) < self.cutoff**2, vec, 2 * self.cutoff)
        rows = neighbor_rows(torch.stack([sources, targets]), vec, 2 * n_atoms, self.cutoff)
        closeness = (1 - rows.vec.square().sum(1) / self.cutoff**2).clamp(min=0.0) ** 3
        summed = sum_to_targets(closeness.reshape(-1, ROW_WIDTH).sum(1), rows)
        energy = super().forward(
            atomic_numbers=atomic_numbers, edge_index=edge_index, edge_vec=edge_vec, **others
        )
        return energy + torch.tanh(summed).reshape(2, -1).sum(0).double()


class UndeclaredToy(DoubledToy):
    """The same without saying so."""

    graph_sizes = SAME_AS_INPUT


class NestedToy(ToyModel):
    """Pieces of E, N and N rows: one of them begins at E + N, which no size of the graph is."""

    graph_sizes = GraphSizes(nodes_per_atom=1, edges_per_atom=2, edges_per_edge=1)

    def forward(self, *, edge_index, edge_vec, **others):
        """Energy of each atom, and the same for all from all pieces."""
        energy = super().forward(edge_index=edge_index, edge_vec=edge_vec, **others)
        own = segment_sum(edge_vec, edge_index[1], energy.shape[0])
        pieces = torch.cat([edge_vec, torch.cat([own, own * own])])
        return energy + torch.tanh(pieces).sum().double()
