"""Operators of models that some formats keep whole, because runtimes may have kernels for them.

Within :func:`kept_whole` a call is one node of the traced graph, ``sezm::NAME``; otherwise tracing
sees the operators that it consists of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

Compute = Callable[..., list[Tensor]]

CHANNEL_BLOCK = 16
"""Channels come in multiples of this, so that kernels need not care for remainders."""

_WHOLE: ContextVar[bool] = ContextVar("whole operators", default=False)

COMPUTE: dict[str, Compute] = {}
"""What each operator computes, given its arguments: tensors and lists of tensors, then numbers."""


@contextmanager
def kept_whole() -> Iterator[None]:
    """Tracing keeps the operators as they are."""
    token = _WHOLE.set(True)
    try:
        yield
    finally:
        _WHOLE.reset(token)


def is_derived(*tensors: Tensor) -> bool:
    """A derivative is to come. Operators have none; what they consist of has."""
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


def define(name: str, arguments: str, compute: Compute, shapes: Compute) -> None:
    """A new operator.

    Args:
        name: behind ``sezm::``.
        arguments: as torch's schemas write them, tensors before numbers.
        compute: what it does.
        shapes: empty tensors like its results, from the same arguments.
    """
    full_name = f"sezm::{name}"
    torch.library.define(full_name, f"({arguments}) -> Tensor[]")
    torch.library.impl(full_name, "default")(compute)
    torch.library.register_fake(full_name)(shapes)
    COMPUTE[name] = compute


def call(name: str, *arguments: Any) -> list[Tensor]:
    """An operator, as one node or as what it consists of."""
    operator = getattr(torch.ops.sezm, name) if _WHOLE.get() else COMPUTE[name]
    result: list[Tensor] = operator(*arguments)
    return result
