"""Gated grid products as one function: what its definition says, and its derivative."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from random_grid_units import random_unit
from sezm_models.sezm.degrees import degree_of_rows
from sezm_models.sezm.ffn import EquivariantFFN
from sezm_models.sezm.grid_net import CrossGridNet
from sezm_models.sezm.grid_unit_operators import united
from sezm_models.sezm.grid_units import (
    GridUnitLayout,
    GridUnitWeights,
    grid_unit,
    grid_unit_grad,
    grid_unit_scalars,
)
from sezm_models.sezm.grid_values import Field, multiply
from sezm_models.sezm.simplify.grid_units import cross_unit, feed_forward_unit
from sezm_models.whole_operators import kept_whole
from torch import Tensor
from value_and_gradients import assert_equal, value_and_gradients

ATOMS = 3

LAYOUTS = [
    GridUnitLayout(n_inputs, lmax, kmax)
    for n_inputs, lmax, kmax in itertools.product((1, 2), range(1, 5), range(4))
    if kmax <= lmax
]


def by_definition(features: list[Tensor], w: GridUnitWeights) -> Tensor:
    """[N, D, C], row by row and frame by frame."""
    x, z = features[0], features[-1]
    degrees = degree_of_rows(len(w.left[0]) - 1)
    n_pairs = len(w.left) - 1

    def field(values: Tensor, layer: list[Tensor]) -> Field:
        zero = torch.stack([values[:, d] @ layer[0][n] for d, n in enumerate(degrees)], 1)
        pairs = []
        for k in range(1, n_pairs + 1):
            rows = [(d, n, sign) for d, n in enumerate(degrees) if n >= k for sign in (0, 1)]
            pairs.append(torch.stack([values[:, d] @ layer[k][n - k, s] for d, n, s in rows], 1))
        return Field(zero, tuple(pairs))

    def transformed(matrices: list[Tensor], values: Field) -> Field:
        zero, *pairs = [m @ v for m, v in zip(matrices, (values.zero, *values.pairs), strict=True)]
        return Field(zero, tuple(pairs))

    left, right = (transformed(w.to_grid, field(*side)) for side in ((x, w.left), (z, w.right)))
    product = transformed(w.from_grid, multiply(left, right))
    if w.scalars is None:
        s, t = x[:, 0], z[:, 0]
    else:
        s, t = (x[:, 0] @ w.scalars).chunk(2, 1)
    gate = torch.sigmoid(torch.cat([s, t], 1) @ w.gate).unsqueeze(1)
    q = [v if w.mixing is None else v @ w.mixing for v in (product.zero, *product.pairs)]
    rows = []
    for d, degree in enumerate(degrees):
        row = (q[0][:, d : d + 1] * gate).squeeze(1) @ w.second[0][degree]
        for k in range(1, min(degree, n_pairs) + 1):
            first = 2 * (d - k * k)
            for sign in (0, 1):
                values = q[k][:, first + sign : first + sign + 1] * gate
                row = row + values.squeeze(1) @ w.second[k][degree - k, sign]
        if d == 0:
            row = row + (torch.nn.functional.silu(s) * t) @ w.second[0][0]
        rows.append(row)
    return torch.stack(rows, 1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("width", [None, 48])
def test_the_unit_and_its_gradients_are_those_of_the_definition(
    layout: GridUnitLayout, width: int | None
) -> None:
    features, weights = random_unit(layout, atoms=ATOMS, width=width)
    found = value_and_gradients(lambda x: united(x, weights.listed(), layout), features)
    assert_equal(found, value_and_gradients(lambda x: by_definition(x, weights), features))


@pytest.mark.parametrize("kmax", [0, 1, 2])
@pytest.mark.parametrize("width", [None, 48])
def test_its_scalars_are_row_0(kmax: int, width: int | None) -> None:
    layout = GridUnitLayout(1, 2, kmax)
    (x,), weights = random_unit(layout, atoms=ATOMS, width=width)
    norm = 3**-0.5 if kmax == 0 else 1.0  # of values on the sphere, see GridProduct
    scale = torch.tensor([norm / (2 * degree + 1) for degree in degree_of_rows(2)], dtype=x.dtype)
    expected = by_definition([x], weights)[:, 0]
    assert_equal([grid_unit_scalars(x, weights, scale)], [expected])


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_the_operators_compute_the_same(n_inputs: int) -> None:
    layout = GridUnitLayout(n_inputs, 2, 1)
    features, weights = random_unit(layout, atoms=ATOMS, width=48)

    def function(leaves: list[Tensor]) -> Tensor:
        return united(leaves, weights.listed(), layout)

    with kept_whole():
        whole = value_and_gradients(function, features)
    assert_equal(whole, value_and_gradients(function, features))


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_operators_state_the_shapes_of_their_results(n_inputs: int) -> None:
    layout = GridUnitLayout(n_inputs, 3, 2)
    numbers = (n_inputs, 3, 2)
    features, named = random_unit(layout, atoms=ATOMS, width=48)
    weights = named.listed()
    saved = grid_unit(features, weights, layout)
    grads = grid_unit_grad(saved[0], features, saved[1:], weights, layout)

    def on_meta(tensors: list[Tensor]) -> list[Tensor]:
        return [tensor.to("meta") for tensor in tensors]

    x, w, kept = on_meta(features), on_meta(weights), on_meta(saved)
    forward = torch.ops.sezm.grid_unit(x, w, *numbers)
    assert [tensor.shape for tensor in forward] == [tensor.shape for tensor in saved]
    backward = torch.ops.sezm.grid_unit_grad(kept[0], x, kept[1:], w, *numbers)
    assert [tensor.shape for tensor in backward] == [tensor.shape for tensor in grads]


def feed_forward(**options: Any) -> bool:
    """Whether a unit with these options is one operator."""
    usual = {"lmax": 2, "channels": 16, "hidden_channels": 32, "ffn_so3_grid": True}
    plain = EquivariantFFN(dtype=torch.float32, **usual | options)
    return feed_forward_unit(plain) is not None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kmax": 2},
        {"grid_mlp": True},
        {"grid_branch": 1},
        {"ffn_so3_grid": False, "s2_activation": True},
    ],
)
def test_units_use_it_with_options_that_it_covers(options: dict[str, Any]) -> None:
    assert feed_forward(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"grid_branch": 2},
        {"mlp_bias": True},
        {"lmax": 0},
        {"channels": 24},
        {"hidden_channels": 24},
    ],
)
def test_units_do_without_it_with_other_options(options: dict[str, Any]) -> None:
    assert not feed_forward(**options)


@pytest.mark.parametrize(
    ("options", "covered"),
    [
        ({}, True),
        ({"op": "mlp"}, True),
        ({"op": "branch", "n_branches": 2}, False),
        ({"n_focus": 2}, False),
        ({"mmax": 1}, False),
        ({"mlp_bias": True}, False),
    ],
)
def test_products_of_two_inputs_use_it_where_it_covers_their_options(
    options: dict[str, Any], covered: bool
) -> None:
    usual = {"lmax": 2, "channels": 16, "n_focus": 1, "kmax": 1, "op": "glu"}
    plain = CrossGridNet(dtype=torch.float32, **usual | options)
    assert (cross_unit(plain) is not None) == covered


def test_second_derivatives_are_refused() -> None:
    layout = GridUnitLayout(1, 2, 1)
    (features,), weights = random_unit(layout, atoms=ATOMS, width=None)
    x = features.requires_grad_()
    value = united([x], weights.listed(), layout).square().sum()
    (gradient,) = torch.autograd.grad(value, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
