"""Functions of tensors against their definitions, with gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

ROUND_OFF = 1e-13


def value_and_gradients(function: Callable[..., Tensor], given: list[Tensor]) -> list[Tensor]:
    """The value, and gradients of its product with some numbers."""
    leaves = [tensor.detach().requires_grad_() for tensor in given]
    value = function(leaves)
    seed = torch.cos(torch.arange(value.numel(), dtype=value.dtype)).reshape(value.shape)
    return [value.detach(), *torch.autograd.grad(value, leaves, seed)]


def assert_equal(found: list[Tensor], expected: list[Tensor]) -> None:
    """Up to round-off."""
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=ROUND_OFF * max(1.0, float(b.abs().max())))
