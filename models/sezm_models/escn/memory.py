"""Memory that is used again and again: what is new to a process has to be fetched page by page."""

from __future__ import annotations

import math

from torch import Tensor


class Memory:
    """Tensors by name, of which the numbers are valid until the same name is asked for again.

    Args:
        like: tensor of their dtype and device.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._kept: dict[str, Tensor] = {}

    def __call__(self, name: str, *shape: int) -> Tensor:
        """A contiguous tensor, not initialised."""
        size = math.prod(shape)
        if name not in self._kept or self._kept[name].numel() < size:
            self._kept[name] = self._like.new_empty(size)
        return self._kept[name][:size].view(shape)
