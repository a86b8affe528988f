"""The nested arguments of an operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

CPU, META = torch.device("cpu"), torch.device("meta")


def leaves(argument: Any) -> list[Any]:
    """All that is in lists, tuples and dictionaries."""
    if isinstance(argument, dict):
        argument = argument.values()
    elif not isinstance(argument, (tuple, list)):
        return [argument]
    return [leaf for item in argument for leaf in leaves(item)]


def with_tensors(change: Callable[[Tensor], Any], argument: Any) -> Any:
    """The same arguments with each tensor changed."""
    if isinstance(argument, Tensor):
        return change(argument)
    if isinstance(argument, (tuple, list)):
        return type(argument)([with_tensors(change, item) for item in argument])
    if isinstance(argument, dict):
        return {name: with_tensors(change, item) for name, item in argument.items()}
    return argument


def on_device(options: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Keyword arguments of an operator with the device, if it asks for any, exchanged."""
    return {**options, "device": device} if options.get("device") is not None else options


def meta_options(args: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for a result on the meta device, which is named if no tensor implies it."""
    if not any(isinstance(leaf, Tensor) for leaf in leaves((args, options))):
        return {**options, "device": META}
    return on_device(options, META)


def layout_key(argument: Any) -> Any:
    """Hashable: equal for tensors of equal layout and for equal numbers of the same type."""
    if isinstance(argument, Tensor):
        return argument.shape, argument.stride(), argument.dtype
    if isinstance(argument, (tuple, list)):
        return tuple(layout_key(item) for item in argument)
    if isinstance(argument, dict):
        return tuple((name, layout_key(item)) for name, item in argument.items())
    return type(argument), argument
