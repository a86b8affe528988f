"""Devices and thread counts as users write them."""

from __future__ import annotations

import re

from ..errors import SezmError


def parse_device(device: str) -> tuple[str, int]:
    """Kind ("cpu" or "cuda") and index of "cpu", "cuda" or "cuda:N".

    Raises:
        SezmError: any other text.
    """
    match = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", device)
    if match is None:
        raise SezmError(f"device {device!r} is unknown; use 'cpu', 'cuda' or 'cuda:N'.")
    return match[1], int(match[2] or 0)


def check_threads(threads: int | None) -> None:
    """Refuse thread counts below one; None means the engine's own choice.

    Raises:
        SezmError: not a positive whole number.
    """
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise SezmError(f"threads is {threads!r}; use a whole number of 1 or more.")
