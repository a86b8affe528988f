"""What the translation of one operator to ONNX needs to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from onnx import TensorProto
from torch import fx

from .graph_tools import is_tensor, shape, value
from .onnx_builder import OnnxBuilder
from .sizes import SampleSizes

Translation = Callable[..., str]
"""Called with the lowering, a node and the node's own arguments; returns the name of its result."""

ONNX_TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.float64: TensorProto.DOUBLE,
    torch.int64: TensorProto.INT64,
    torch.int32: TensorProto.INT32,
    torch.bool: TensorProto.BOOL,
}

NUMPY_TYPES = {
    torch.float32: np.float32,
    torch.float64: np.float64,
    torch.int64: np.int64,
    torch.int32: np.int32,
    torch.bool: np.bool_,
}


class Lowering:
    """The ONNX graph so far.

    Args:
        builder: takes the nodes.
        sizes: what the lengths in the traced graph stand for.

    Attributes:
        builder, sizes: as given.
        names: ONNX value of each traced node; sizes are int64 vectors of length 1.
    """

    def __init__(self, builder: OnnxBuilder, sizes: SampleSizes) -> None:
        self.builder = builder
        self.sizes = sizes
        self.names: dict[fx.Node, str] = {}

    def operand(self, argument: Any, dtype: torch.dtype) -> str:
        """A tensor, size or number as a value of the given dtype."""
        if isinstance(argument, fx.Node) and not is_tensor(argument):
            scalar = self.builder.op("Squeeze", self.names[argument], self.builder.integers(0))
            return self.cast(scalar, dtype)
        if not is_tensor(argument):
            return self.builder.constant(np.array(argument, dtype=NUMPY_TYPES[dtype]))
        name = self.names[argument]
        return name if value(argument).dtype == dtype else self.cast(name, dtype)

    def cast(self, name: str, dtype: torch.dtype) -> str:
        """A value in another dtype."""
        return self.builder.op("Cast", name, to=ONNX_TYPES[dtype])

    def shape_vector(self, arguments: list[Any]) -> str:
        """Lengths, some of which are size nodes, as an int64 vector."""
        if all(isinstance(length, int) for length in arguments):
            return self.builder.integers(*arguments)
        parts = [
            self.names[length] if isinstance(length, fx.Node) else self.builder.integers(length)
            for length in arguments
        ]
        return parts[0] if len(parts) == 1 else self.builder.op("Concat", *parts, axis=0)

    def length(self, node: fx.Node) -> str:
        """Length of a node's first axis, an int64 vector of length 1."""
        return self.builder.op("Shape", self.names[node], start=0, end=1)

    def describe(self, name: str, dtype: torch.dtype, sample_shape: Sequence[int]) -> None:
        """State the shape of a value, given at the sample sizes."""
        dims = [self.sizes.dim(length) for length in sample_shape]
        names = [dim if isinstance(dim, int) else str(dim) for dim in dims]
        self.builder.describe(name, ONNX_TYPES[dtype], names)

    def reshaped(self, name: str, new_shape: tuple[int, ...]) -> str:
        """A value in another shape, given at the sample sizes with at most one variable axis."""
        dims = [self.sizes.dim(length) for length in new_shape]
        sizes = [dim if isinstance(dim, int) else -1 for dim in dims]
        return self.builder.op("Reshape", name, self.builder.integers(*sizes))


def width(node: fx.Node) -> int:
    """Number of values per row of a node's first axis."""
    return int(np.prod(shape(node)[1:], dtype=np.int64))
