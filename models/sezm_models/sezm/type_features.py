"""A vector for each atom: by type, or by atom where conditions tell atoms of a type apart."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..neighbor_rows import ROW_WIDTH, NeighborRows, gather_sources


@dataclass(frozen=True)
class TypeFeatures:
    """Type features t_n (sezm.md 3.1), kept as a table so that products with weights stay small.

    Attributes:
        table: [T+1, C], a row for each type and one for padding; or [N, C], one for each atom.
        types: [N], rows of ``table``; None where every atom has its own.
    """

    table: Tensor
    types: Tensor | None = None

    def of_atoms(self) -> Tensor:
        """[N, C]."""
        return self.table if self.types is None else self.table.index_select(0, self.types)

    def plus(self, shift: Tensor) -> TypeFeatures:
        """With [N, C] added."""
        return TypeFeatures(self.of_atoms() + shift)

    def times(self, weight: Tensor) -> TypeFeatures:
        """The product with [C, K]."""
        return TypeFeatures(self.table @ weight, self.types)

    def of_edges(self, rows: NeighborRows) -> Tensor:
        """Source plus target of each slot: [S, C]; gradients as for :func:`gather_sources`."""
        if self.types is None:
            source = gather_sources(self.table, rows)
            target = self.table.index_select(0, rows.target)
            return _add_by_row(source, target)
        return add_type_tables(self.table, self.table, rows, self.types)


def add_type_tables(
    of_source: Tensor, of_target: Tensor, rows: NeighborRows, types: Tensor
) -> Tensor:
    """Tables [T+1, C] looked up for source and target of each slot, added: [S, C]."""
    source = of_source.index_select(0, types.index_select(0, rows.source))
    target = of_target.index_select(0, types.index_select(0, rows.target))
    return _add_by_row(source, target)


def _add_by_row(source: Tensor, target: Tensor) -> Tensor:
    """[S, C] of the slots and [R, C] of their rows: [S, C]."""
    by_row = source.reshape(-1, ROW_WIDTH, source.shape[1]) + target.unsqueeze(1)
    return by_row.flatten(0, 1)
