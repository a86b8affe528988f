"""Type features that know the total charge and spin of their system (sezm.md 3.13)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .linear import weight_parameter
from .radial import MLPLayer

CHARGES = range(-100, 100)
"""Total charges, e, that have a row of their own."""

SPINS = range(100)
"""Spin numbers that have a row of their own."""

LIMITS = ((CHARGES[0], CHARGES[-1]), (SPINS[0], SPINS[-1]))
"""Least and largest charge, least and largest spin."""


class ChargeSpinEmbedding(nn.Module):
    """A vector per system, from a table of charges and one of spins.

    Numbers without a row give NaN: never the row of another number.
    """

    def __init__(self, *, channels: int, activation_function: str, dtype: torch.dtype) -> None:
        super().__init__()
        self.charge_embedding = _IntegerEmbedding(CHARGES, channels, dtype)
        self.spin_embedding = _IntegerEmbedding(SPINS, channels, dtype)
        self.mix_layer = MLPLayer(2 * channels, channels, bias=True, dtype=dtype)
        self.activation = activation_by_name(activation_function)

    def forward(self, charge_spin: Tensor) -> Tensor:
        """[B, 2] real -> [B, channels]."""
        charge = self.charge_embedding(charge_spin[:, 0])
        spin = self.spin_embedding(charge_spin[:, 1])
        mixed: Tensor = self.activation(self.mix_layer(torch.cat([charge, spin], 1)))
        return mixed


class _IntegerEmbedding(nn.Module):
    """A row for each number of a range; the digits after the point are cut off, as in training."""

    def __init__(self, numbers: range, channels: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.numbers = numbers
        self.adam_type_embedding = weight_parameter(len(numbers), channels, dtype=dtype)

    def forward(self, number: Tensor) -> Tensor:
        """[B] real -> [B, channels]."""
        table = self.adam_type_embedding
        outside = torch.full_like(table[:1], float("nan"))
        with_outside = torch.cat([outside, table, outside])
        row = number.to(torch.int64) + (1 - self.numbers.start)
        return with_outside.index_select(0, row.clamp(0, len(self.numbers) + 1))
