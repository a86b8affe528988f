"""What is computed at once, while recording, because it depends on parameters alone.

Without this, a third of the graph of a large model would be work on weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .operator_arguments import META, leaves
from .sizes import SampleSizes

LARGEST_GROWTH = 4
"""A constant may take this many times the memory of what it is computed from, or ..."""

SMALL = 32_768
"""... this many bytes. What is larger is computed at run time, not stored."""

FACTORIES = (torch.ops.aten.arange, torch.ops.aten.eye)
"""Make constants from nothing. (Tensors filled with one number are simplified in the graph.)"""


def is_constant(operator: Any, arguments: list[Any], sizes: SampleSizes) -> bool:
    """Whether a call depends on no input.

    Args:
        operator: an ``OpOverload``.
        arguments: leaves of its arguments; tensors of the graph are on the meta device.
        sizes: of the inputs.
    """
    tensors = [leaf for leaf in arguments if isinstance(leaf, Tensor)]
    if any(tensor.device == META for tensor in tensors):
        return False
    if not tensors and operator.overloadpacket not in FACTORIES:
        return False
    numbers = [leaf for leaf in arguments if type(leaf) is int]
    return all(isinstance(sizes.dim(number), int) for number in numbers)


def is_worth_storing(operator: Any, arguments: list[Any], result: Any) -> bool:
    """Whether a constant is small, in a file: a tensor that repeats itself is written in full."""
    if operator.overloadpacket in FACTORIES:
        return True
    inputs = sum(t.untyped_storage().nbytes() for t in arguments if isinstance(t, Tensor))
    outputs = sum(t.nbytes for t in leaves(result) if isinstance(t, Tensor))
    return outputs <= max(SMALL, LARGEST_GROWTH * inputs)
