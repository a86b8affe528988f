"""How each ATen operator is written in ONNX."""

from __future__ import annotations

from typing import Any

import torch

from .onnx_elementwise import ELEMENTWISE
from .onnx_indexing import INDEXING
from .onnx_lowering import Lowering, Translation
from .onnx_reductions import REDUCTIONS
from .onnx_segments import SEGMENTS
from .onnx_shapes import SHAPES

TRANSLATIONS: dict[Any, Translation] = {
    **ELEMENTWISE,
    **SHAPES,
    **INDEXING,
    **REDUCTIONS,
    **SEGMENTS,
}
"""By operator."""


def constant(lowering: Lowering, tensor: torch.Tensor) -> str:
    """A parameter or buffer; a transposed one as the transpose of what lies in memory.

    So the file holds a weight once, though the derivative uses its transpose.
    """
    strides = tensor.stride()
    order = sorted(range(tensor.dim()), key=lambda dim: -strides[dim])
    stored = tensor.detach().permute(order)
    if order == sorted(order) or not stored.is_contiguous():
        return lowering.builder.constant(tensor.detach().cpu().numpy())
    name = lowering.builder.constant(stored.cpu().numpy())
    back = [order.index(dim) for dim in range(tensor.dim())]
    return lowering.builder.op("Transpose", name, perm=back)
