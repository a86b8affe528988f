"""Activations by mlip's names, and the normalisation that its gates use (nequip.md, "Layer" 8)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

Activation = Callable[[Tensor], Tensor]


def _elu(x: Tensor) -> Tensor:
    """x, or e^x - 1 where that is negative; in operators that every format has."""
    return torch.relu(x) + (torch.exp(torch.clamp(x, max=0.0)) - 1.0)


ACTIVATIONS: dict[str, Activation] = {
    "tanh": torch.tanh,
    "silu": functional.silu,
    "relu": torch.relu,
    "elu": _elu,
    "swish": functional.silu,
    "sigmoid": torch.sigmoid,
    "none": lambda x: x,
}

QUANTILES = 1_000_001


def is_zero_at_zero(name: str) -> bool:
    """Whether an activation maps zero to zero."""
    return name != "sigmoid"


@cache
def second_moment_root(name: str) -> float:
    """Root of the mean square of an activation of normal numbers.

    The mean is that of mlip, over quantiles, and not the integral: they differ by 2e-5. Means that
    are 1 within mlip's tolerance are taken as 1.
    """
    fractions = torch.linspace(0.0, 1.0, QUANTILES + 2, dtype=torch.float64)[1:-1]
    normal = 2**0.5 * torch.erfinv(2 * fractions - 1)
    root = float(ACTIVATIONS[name](normal).square().mean().sqrt())
    return 1.0 if abs(root - 1.0) <= 1.001e-5 else root


def normalised(name: str) -> Activation:
    """The activation divided by :func:`second_moment_root`."""
    function, factor = ACTIVATIONS[name], 1.0 / second_moment_root(name)
    return lambda x: function(x) * factor
