"""Layers against their definitions in plain sums."""

from __future__ import annotations

import pytest
import torch
from sezm_models.sezm import (
    EquivariantFFN,
    FocusLinear,
    GatedActivation,
    SO2Linear,
    SO3Linear,
)
from sezm_models.sezm.degrees import degree_of_rows
from sezm_models.sezm.simplify.feed_forward import FoldedFeedForward, ScalarsOfGated

N, LMAX, F, C_IN, C_OUT = 5, 2, 3, 4, 6
DEGREES = torch.tensor(degree_of_rows(LMAX))
DTYPE = torch.float64


def randomised(module: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=DTYPE))
    return module


def features(channels: int, focus: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(N, len(DEGREES), focus, channels, generator=generator, dtype=DTYPE)


@pytest.mark.parametrize("n_focus", [1, F])
@pytest.mark.parametrize("mlp_bias", [False, True])
def test_so3_linear_has_a_weight_per_degree_and_a_bias_on_scalars(
    n_focus: int, mlp_bias: bool
) -> None:
    layer = randomised(
        SO3Linear(
            lmax=LMAX,
            in_channels=C_IN,
            out_channels=C_OUT,
            n_focus=n_focus,
            dtype=DTYPE,
            mlp_bias=mlp_bias,
        )
    )
    x = features(C_IN, n_focus)
    weight = layer.weight.reshape(LMAX + 1, C_IN, n_focus, C_OUT)[DEGREES]
    expected = torch.einsum("ndfi,difo->ndfo", x, weight)
    if mlp_bias:
        expected[:, 0] += layer.bias.reshape(n_focus, C_OUT)
    torch.testing.assert_close(layer(x), expected)


def test_focus_linear_keeps_focus_streams_apart() -> None:
    layer = randomised(FocusLinear(in_channels=C_IN, out_channels=C_OUT, n_focus=F, dtype=DTYPE))
    x = features(C_IN, F)[:, 0]
    weight = layer.weight.reshape(C_IN, F, C_OUT)
    expected = torch.einsum("bfi,ifo->bfo", x, weight) + layer.bias.reshape(F, C_OUT)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("separate_gate", [False, True])
def test_gated_activation_scales_each_degree_by_its_gate(separate_gate: bool) -> None:
    layer = randomised(GatedActivation(lmax=LMAX, channels=C_IN, dtype=DTYPE, mlp_bias=True))
    x, gate = features(C_IN), features(C_IN).flip(0)
    steering = gate if separate_gate else x
    gates = torch.sigmoid(layer.gate_linear(steering[:, 0])).reshape(N, 1, LMAX, C_IN)
    expected = x.clone()
    silu = torch.nn.functional.silu
    expected[:, 0] = x[:, 0] * silu(gate[:, 0]) if separate_gate else silu(x[:, 0])
    for row in range(1, len(DEGREES)):
        expected[:, row] *= gates[:, :, DEGREES[row] - 1]
    torch.testing.assert_close(layer(x, gate if separate_gate else None), expected)


def test_so2_linear_commutes_with_rotations_about_the_edge() -> None:
    """In each pair (-m, +m) a roll by an angle turns by m times the angle."""
    layer = randomised(
        SO2Linear(lmax=LMAX, mmax=1, in_channels=C_IN, out_channels=C_OUT, dtype=DTYPE)
    )
    angle = torch.tensor(0.7, dtype=DTYPE)

    def rolled(minus: torch.Tensor, plus: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return angle.cos() * minus - angle.sin() * plus, angle.sin() * minus + angle.cos() * plus

    x = features(C_IN).reshape(N, -1)
    rows = x[None, :, : (3 * LMAX + 1) * C_IN]
    zero, minus, plus = rows.split([n * C_IN for n in (LMAX + 1, LMAX, LMAX)], 2)
    _, *pair = layer([zero, *rolled(minus, plus)])
    expected = rolled(*layer([zero, minus, plus])[1:])
    for found, wanted in zip(pair, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"s2_activation": True},
        {"s2_activation": True, "grid_mlp": True},
        {"ffn_so3_grid": True},
        {"ffn_so3_grid": True, "grid_mlp": True},
        {"ffn_so3_grid": True, "grid_branch": 1},
        {"ffn_so3_grid": True, "grid_branch": 3},
        {},
        {"glu_activation": False},
    ],
)
def test_simplified_feed_forward_unit_equals_the_plain_one(options: dict) -> None:
    layer = randomised(
        EquivariantFFN(lmax=LMAX, channels=C_IN, hidden_channels=C_OUT, dtype=DTYPE, **options)
    )
    folded = FoldedFeedForward(layer) if layer.uses_grid else ScalarsOfGated(layer)
    x = features(C_IN)
    torch.testing.assert_close(folded(x), layer(x), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(folded.scalars(x), layer(x)[:, :1], rtol=1e-10, atol=1e-10)
