"""Compute at once, while tracing, what depends on parameters alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._subclasses import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves

from .sizes import SampleSizes

LARGEST_GROWTH = 4
"""A constant may take this many times the memory of what it is computed from, or ..."""

SMALL = 32_768
"""... this many bytes. What is larger is computed at run time, not stored."""


FACTORIES = (torch.ops.aten.arange, torch.ops.aten.eye)
"""Make constants from nothing. (Tensors filled with one number are simplified in the graph.)"""


class ConstantMode(TorchDispatchMode):
    """Operators on real tensors give real tensors, which the tracer stores as constants.

    Inputs of the trace are fake tensors, parameters are real ones. Without this, a third of the
    trace of a large model is work on weights.

    Args:
        sizes: of the trace; what depends on them is not constant.
    """

    def __init__(self, sizes: SampleSizes) -> None:
        super().__init__()
        self._sizes = sizes

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one operator: on constants now, else as the tracer has it."""
        leaves = tree_leaves((args, kwargs or {}))
        if self._is_constant(func, leaves):
            with _disable_current_modes():
                result = func(*args, **(kwargs or {}))
            if func.overloadpacket in FACTORIES or _fits(result, leaves):
                return result
        return func(*args, **(kwargs or {}))

    def _is_constant(self, func: Any, leaves: list[Any]) -> bool:
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        if any(isinstance(tensor, FakeTensor) for tensor in tensors):
            return False
        if not tensors and func.overloadpacket not in FACTORIES:
            return False
        numbers = [leaf for leaf in leaves if type(leaf) is int]
        return all(isinstance(self._sizes.dim(number), int) for number in numbers)


def _fits(result: Any, leaves: list[Any]) -> bool:
    """Whether a result is small enough to be stored; a view takes no memory of its own."""
    inputs, outputs = (
        sum(leaf.untyped_storage().nbytes() for leaf in group if isinstance(leaf, Tensor))
        for group in (leaves, tree_leaves(result))
    )
    return outputs <= max(SMALL, LARGEST_GROWTH * inputs)
