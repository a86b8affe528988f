"""Which ATen operators are expanded while tracing, and into what.

PyTorch's core ATen decompositions, less those that turn one fast operator into slow pieces, plus
our own forms of a few derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._decomp import core_aten_decompositions, get_decompositions

aten = torch.ops.aten

KEPT = (
    aten.index_add.default,  # the segment sum: each format has its own lowering
    aten.slice_backward.default,  # `join_padded` makes one `cat` of several
    aten.softplus.default,  # one operator everywhere; its pieces, with log1p, are not
)

EXPANDED = (
    aten.native_layer_norm_backward,
    aten.leaky_relu,
    aten.leaky_relu_backward,
)
"""Core operators that formats do not have, common in models of users, by PyTorch's own rules."""


@cache
def decomposition_table() -> dict[Any, Callable[..., Any]]:
    """Rule by operator."""
    table = {op: rule for op, rule in core_aten_decompositions().items() if op not in KEPT}
    table |= get_decompositions(EXPANDED)
    return table | {
        aten.silu.default: _silu,
        aten.silu_backward.default: _silu_backward,
        aten.gelu.default: _gelu,
        aten.sigmoid_backward.default: _sigmoid_backward,
        aten.tanh_backward.default: _tanh_backward,
        aten.select_backward.default: _select_backward,
        aten.mv.default: _mv,
        aten.repeat.default: _repeat,
        aten.embedding.default: _embedding,
        aten.softplus.default: _softplus,
        aten.elu.default: _elu,
        aten.elu_backward.default: _elu_backward,
        aten.native_layer_norm.default: _layer_norm,
    }


def _silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def _gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + torch.erf(x * math.sqrt(0.5)))


def _silu_backward(gradient: Tensor, x: Tensor) -> Tensor:
    """By sigmoid, shared with the forward pass: PyTorch's form overflows for large negative x."""
    sigmoid = torch.sigmoid(x)
    return gradient * (sigmoid + x * sigmoid * (1 - sigmoid))


def _sigmoid_backward(gradient: Tensor, sigmoid: Tensor) -> Tensor:
    return gradient * (sigmoid * (1 - sigmoid))


def _tanh_backward(gradient: Tensor, tanh: Tensor) -> Tensor:
    return gradient * (1 - tanh * tanh)


def _select_backward(gradient: Tensor, sizes: Sequence[int], dim: int, index: int) -> Tensor:
    """As a slice of length one: PyTorch's form compares an arange with the index."""
    dim, index = dim % len(sizes), index % sizes[dim]
    return aten.slice_backward(gradient.unsqueeze(dim), sizes, dim, index, index + 1, 1)


def _mv(matrix: Tensor, vector: Tensor) -> Tensor:
    """As a matrix product: PyTorch's form writes and re-reads the elementwise product."""
    return torch.mm(matrix, vector.unsqueeze(1)).squeeze(1)


def _embedding(
    table: Tensor,
    index: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table; the other arguments say how it is trained."""
    return table.index_select(0, index.reshape(-1)).reshape([*index.shape, table.shape[1]])


def _softplus(x: Tensor, *options: float) -> Tensor:
    """The plain one: modules give its defaults as arguments."""
    return aten.softplus(x) if options == (1, 20) else NotImplemented


def _elu(x: Tensor, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Tensor:
    negative = alpha * (torch.exp(input_scale * x.clamp(max=0.0)) - 1)
    return scale * torch.where(x > 0, x, negative)


def _elu_backward(
    gradient: Tensor,
    alpha: float,
    scale: float,
    input_scale: float,
    is_result: bool,
    x: Tensor,
) -> Tensor:
    if is_result:
        return NotImplemented
    slope = alpha * input_scale * torch.exp(input_scale * x.clamp(max=0.0))
    return gradient * scale * torch.where(x > 0, torch.ones_like(x), slope)


def _layer_norm(
    x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The result; mean and reciprocal deviation, which its derivative takes."""
    dims = list(range(x.dim() - len(shape), x.dim()))
    mean = x.mean(dims, keepdim=True)
    centred = x - mean
    reciprocal = torch.rsqrt((centred * centred).mean(dims, keepdim=True) + epsilon)
    result = centred * reciprocal
    result = result if weight is None else result * weight
    return result if bias is None else result + bias, mean, reciprocal


def _repeat(x: Tensor, repeats: Sequence[int]) -> Tensor:
    """By views and one copy: each axis [n] as [1, n], expanded to [times, n]."""
    lengths = [1] * (len(repeats) - x.dim()) + list(x.shape)
    pairs = list(zip(repeats, lengths, strict=True))
    split = x.reshape([size for _, length in pairs for size in (1, length)])
    expanded = split.expand([size for pair in pairs for size in pair])
    return expanded.reshape([times * length for times, length in pairs])
