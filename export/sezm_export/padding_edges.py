"""Padding edges of static files, shared out among all atoms."""

from __future__ import annotations

import torch
from torch import Tensor

from sezm_infer.contract import INPUTS

_POSITION = {spec.name: position for position, spec in enumerate(INPUTS)}


def spread_padding_edges(inputs: tuple[Tensor, ...], cutoff: float) -> tuple[Tensor, ...]:
    """Attach edge e, if it is longer than the cutoff, to atom ``e mod N``.

    Such edges contribute nothing wherever they are. As they come, all are attached to atom 0, and
    sums over the edges of each atom would work at the width of that one.

    Args:
        inputs: of the contract, in its order.
        cutoff: Angstrom.

    Returns:
        the same with another ``edge_index``.
    """
    edge_vec = inputs[_POSITION["edge_vec"]]
    edge_index = inputs[_POSITION["edge_index"]]
    atoms = inputs[_POSITION["atomic_numbers"]].shape[0]
    anywhere = torch.arange(edge_vec.shape[0], device=edge_vec.device) % atoms
    beyond = (edge_vec * edge_vec).sum(1) > cutoff * cutoff
    spread = torch.where(beyond.unsqueeze(0), anywhere.unsqueeze(0), edge_index)
    position = _POSITION["edge_index"]
    return (*inputs[:position], spread, *inputs[position + 1 :])
