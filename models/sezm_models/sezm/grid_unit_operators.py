"""Grid units as operators with a derivative (:mod:`..whole_operators`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..whole_operators import Compute, call, define
from .grid_units import GridUnitLayout, grid_unit, grid_unit_grad, named_weights

_LAYOUT = "int n_inputs, int lmax, int kmax"


def united(features: Sequence[Tensor], weights: Sequence[Tensor], layout: GridUnitLayout) -> Tensor:
    """The unit y of :mod:`.grid_units`, [N, D, C], differentiable once, in the features."""
    return _GridUnit.apply(layout, weights, *features)


class _GridUnit(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, layout: GridUnitLayout, weights: Sequence[Tensor], *features: Tensor
    ) -> Tensor:
        y, *saved = call("grid_unit", list(features), weights, *_numbers(layout))
        ctx.layout, ctx.n_saved = layout, len(saved)
        ctx.save_for_backward(*features, *saved, *weights)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        tensors, n_inputs = list(ctx.saved_tensors), ctx.layout.n_inputs
        features, rest = tensors[:n_inputs], tensors[n_inputs:]
        saved, weights = rest[: ctx.n_saved], rest[ctx.n_saved :]
        grads = call("grid_unit_grad", grad, features, saved, weights, *_numbers(ctx.layout))
        return None, None, *grads


def _numbers(layout: GridUnitLayout) -> tuple[int, int, int]:
    return layout.n_inputs, layout.lmax, layout.kmax


def _with_numbers(compute: Compute) -> Compute:
    """The same with the numbers of a layout in its place."""

    def computed(*args: Any) -> list[Tensor]:
        *tensors, n_inputs, lmax, kmax = args
        return compute(*tensors, GridUnitLayout(n_inputs, lmax, kmax))

    return computed


def _grid_unit_shapes(
    features: Sequence[Tensor], weights: Sequence[Tensor], n_inputs: int, lmax: int, kmax: int
) -> list[Tensor]:
    w = named_weights(weights, GridUnitLayout(n_inputs, lmax, kmax))
    x, n_atoms = features[0], features[0].shape[0]
    mixed = [x.new_empty(m.shape[0], n_atoms, w.gate.shape[1]) for m in w.from_grid]
    values = [x.new_empty(m.shape[0], n_atoms, w.left[0].shape[2]) for m in w.to_grid]
    return [torch.empty_like(x), *mixed, *values, *[torch.empty_like(v) for v in values]]


def _grid_unit_grad_shapes(grad: Tensor, features: Sequence[Tensor], *_: Any) -> list[Tensor]:
    return [torch.empty_like(x) for x in features]


define(
    "grid_unit",
    f"Tensor[] features, Tensor[] weights, {_LAYOUT}",
    _with_numbers(grid_unit),
    _grid_unit_shapes,
)
define(
    "grid_unit_grad",
    f"Tensor grad, Tensor[] features, Tensor[] saved, Tensor[] weights, {_LAYOUT}",
    _with_numbers(grid_unit_grad),
    _grid_unit_grad_shapes,
)
