"""Scalar activations by name, and the gated one of equivariant features (sezm.md 0.1, 3.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .linear import FocusLinear

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"silu": nn.functional.silu}


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
        self.activation = ACTIVATIONS[activation_function]
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
