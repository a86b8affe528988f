"""Weights that are products of a checkpoint's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

Part = TypeVar("Part", bound=nn.Module)


def rounded(value: Tensor, like: Tensor) -> nn.Parameter:
    """A float64 product of weights, rounded once, in the precision of ``like``."""
    return nn.Parameter(value.to(like.dtype).contiguous(), requires_grad=False)


def exact(weight: Tensor) -> Tensor:
    """A weight in the precision in which products are formed."""
    return weight.detach().to(torch.float64)


def replace(root: nn.Module, kind: type[Part], make: Callable[[Part], nn.Module]) -> None:
    """Every part of this kind below ``root`` by what ``make`` makes of it."""
    for module in list(root.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind):
                setattr(module, name, make(child))
