"""What all layers know of the edges: in any order, or in that of the atoms at their ends."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .blocks_of_atoms import Block, by_atom
from .config import ESCNConfig
from .memory import Memory
from .tables import frame_rows


class Edges(NamedTuple):
    """Edges in any order.

    Attributes:
        source, target: [E] atoms.
        distances: [E, G] functions of the distance.
        source_element, target_element: [E] atomic numbers.
        wigner: [E, frame rows, (lmax+1)^2] rotations into the frame.
        weight: [E], zero for edges beyond the cutoff, else one.
    """

    source: Tensor
    target: Tensor
    distances: Tensor
    source_element: Tensor
    target_element: Tensor
    wigner: Tensor
    weight: Tensor


class End(NamedTuple):
    """Edges in the order of the atoms at one of their ends.

    Attributes:
        blocks: of these atoms.
        rotations: of each order, see :class:`~.first_layer.FirstLayer`.
    """

    blocks: list[Block]
    rotations: list[Tensor]


class EdgesByAtom(NamedTuple):
    """Edges in the order of their targets.

    Attributes:
        distances, source_element, target_element: as of :class:`Edges`.
        back: [E, points of the grid, (lmax+1)^2] from values to features, rotated back.
        target: their order.
        source: that of their sources.
        place: [E] where each of them is in the latter.
        memory: of intermediate results, for one layer after the other.
    """

    distances: Tensor
    source_element: Tensor
    target_element: Tensor
    back: Tensor
    target: End
    source: End
    place: Tensor
    memory: Memory


def edges_by_atom(edges: Edges, n_atoms: int, config: ESCNConfig, from_grid: Tensor) -> EdgesByAtom:
    """The same edges in another order.

    Args:
        edges: in any order.
        n_atoms: N.
        config: of the model.
        from_grid: [frame rows, points], by which messages come from the grid.
    """
    target = by_atom(edges.target, n_atoms)
    source = by_atom(edges.source.index_select(0, target.order), n_atoms)
    wigner = edges.wigner.index_select(0, target.order)
    weight = edges.weight.index_select(0, target.order)
    return EdgesByAtom(
        edges.distances.index_select(0, target.order),
        edges.source_element.index_select(0, target.order),
        edges.target_element.index_select(0, target.order),
        torch.matmul(from_grid.t(), wigner * weight.reshape(-1, 1, 1)),
        End(target.blocks, _of_orders(wigner, config)),
        End(source.blocks, _of_orders(wigner.index_select(0, source.order), config)),
        torch.argsort(source.order),
        Memory(wigner),
    )


def _of_orders(wigner: Tensor, config: ESCNConfig) -> list[Tensor]:
    """[E, frame rows, (lmax+1)^2] -> of each order [E, 1 or 2, (lmax+1)^2 - m^2], without zeros."""
    width = wigner.shape[2]
    frame_row = {row: place for place, row in enumerate(frame_rows(config.lmax, config.mmax))}
    results = []
    for m in range(config.mmax + 1):
        signs = (1, -1) if m else (1,)
        places = [
            frame_row[degree * degree + degree + sign * m] * width + column
            for sign in signs
            for degree in range(m, config.lmax + 1)
            for column in range(degree**2, (degree + 1) ** 2)
        ]
        chosen = wigner.flatten(1).index_select(1, torch.tensor(places, device=wigner.device))
        results.append(chosen.view(-1, len(signs), width - m * m))
    return results
