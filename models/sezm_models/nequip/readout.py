"""Energies and charges from even scalars (nequip.md, "Read-out and outputs")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .irreps import SCALAR
from .parameters import Parameters
from .radial import constant

BLOCK = "NequipMultiHeadReadoutBlock_0#MultiHeadReadoutBlock_0#"


class NequipMultiHeadReadoutBlock(nn.Module):
    """One of the read-out heads; the others are checked and left out.

    Args:
        parameters: of the file.
        channels: number of even scalars.
        heads: in the file.
        head: the one that is used.
        outputs: 1, or 2 with charges.
        dtype: of the weight.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        channels: int,
        heads: int,
        head: int,
        outputs: int,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.channels = channels
        middle = channels // 2
        for number in range(heads):
            prefix = f"{BLOCK}ReadoutBlock_{number}#Linear_"
            first = parameters.take_linear(f"{prefix}0", SCALAR, (middle, channels))
            second = parameters.take_linear(f"{prefix}1", SCALAR, (outputs, middle))
            if number == head:  # both are linear, so they are one product
                self.weight = constant((second @ first).T.copy(), dtype)

    def forward(self, features: Tensor) -> Tensor:
        """[N, features], even scalars first -> [N, outputs]."""
        return features[:, : self.channels] @ self.weight
