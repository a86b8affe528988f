"""Scalar activations by name; gated activation of equivariant features (sezm.md 0.1, 3.6)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from .degrees import degree_of_rows
from .linear import FocusLinear

Activation = Callable[[Tensor], Tensor]


def _gelu(x: Tensor) -> Tensor:
    """The tanh approximation, spelt out: exporters have no translation of torch's."""
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x))
    return 0.5 * x * (1.0 + torch.tanh(inner))


def _identity(x: Tensor) -> Tensor:
    return x


ACTIVATIONS: dict[str, Activation] = {
    "silu": nn.functional.silu,
    "gelu": _gelu,
    "gelu_tf": _gelu,
    "relu": nn.functional.relu,
    "relu6": lambda x: torch.clamp(x, 0.0, 6.0),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": nn.functional.softplus,
    "linear": _identity,
    "none": _identity,
}

SILUT = "silut"
SILUT_THRESHOLD = 3.0


def activation_by_name(name: str) -> Activation:
    """An activation of the table, or ``silut:<threshold>``.

    Raises:
        KeyError: there is none of this name.
    """
    kind, _, threshold = name.lower().partition(":")
    if kind == SILUT:
        return _silut(float(threshold or SILUT_THRESHOLD))
    return ACTIVATIONS[name.lower()]


def _silut(threshold: float) -> Activation:
    """silu below the threshold; above it a tanh that goes on with the same value and slope."""
    gate = 1.0 / (1.0 + math.exp(-threshold))
    value = threshold * gate
    slope = gate + threshold * gate * (1.0 - gate)

    def silut(x: Tensor) -> Tensor:
        above = torch.tanh(slope * (x - threshold)) + value
        return torch.where(x < threshold, nn.functional.silu(x), above)

    return silut


class GatedActivation(nn.Module):
    """Scalars through an activation, higher degrees times a sigmoid gate computed from scalars."""

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        n_focus: int = 1,
        dtype: torch.dtype,
        activation_function: str = "silu",
        mlp_bias: bool = False,
    ) -> None:
        super().__init__()
        self.lmax = lmax
        self.channels = channels
        self.n_focus = n_focus
        self.activation = activation_by_name(activation_function)
        if lmax > 0:
            self.gate_linear = FocusLinear(
                in_channels=channels,
                out_channels=lmax * channels,
                n_focus=n_focus,
                dtype=dtype,
                bias=mlp_bias,
            )

    def forward(self, x: Tensor, gate: Tensor | None = None) -> Tensor:
        """Args: x, gate: [N, (lmax+1)^2, F, C]; the gate's scalars steer x if it is given."""
        steering = x if gate is None else gate
        scalars = (
            self.activation(x[:, :1]) if gate is None else x[:, :1] * self.activation(gate[:, :1])
        )
        if self.lmax == 0:
            return scalars
        gates = torch.sigmoid(self.gate_linear(steering[:, 0]))
        gates = gates.reshape(-1, self.n_focus, self.lmax, self.channels)
        parts = x.split([2 * degree + 1 for degree in range(self.lmax + 1)], 1)[1:]
        gated = [part * gates[:, None, :, degree] for degree, part in enumerate(parts)]
        return torch.cat([scalars, *gated], 1)

    def stored_tables(self) -> dict[str, np.ndarray]:
        """Index of each higher row's gate."""
        return {"expand_index": np.array(degree_of_rows(self.lmax)[1:], dtype=np.int64) - 1}
