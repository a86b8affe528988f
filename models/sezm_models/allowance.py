"""A limit to what a model may allocate, so that a bad option is an error and not a full memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from .errors import CheckpointError

FACTORIES = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.arange})


class Allowance(TorchFunctionMode):
    """Within this context, new tensors hold at most so many numbers in all.

    Args:
        numbers: the limit; tables that are made from arrays do not count.

    Raises:
        CheckpointError: before the tensor that goes beyond is made.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.left = numbers

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        keywords = dict(kwargs or {})
        if func in FACTORIES:
            self.left -= _size(func, args, keywords)
            if self.left < 0:
                raise _beyond()
        return func(*args, **keywords)


def _size(func: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> int:
    """How many numbers a tensor would have."""
    try:
        size: int = func(*args, **keywords | {"device": "meta"}).numel()
    except (RuntimeError, TypeError, OverflowError):  # more than a tensor can have
        raise _beyond() from None
    return size


def _beyond() -> CheckpointError:
    return CheckpointError(
        "the options describe a model far larger than the weights in the file; options and weights "
        "do not belong together, get a good copy of the checkpoint"
    )
