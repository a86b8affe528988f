"""From the scalar descriptor of an atom to its energy (sezm.md 3.11)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .activation import ACTIVATIONS
from .radial import MLPLayer


class GLUFittingNet(nn.Module):
    """Gated linear units, then a linear map to one number; keys as in the checkpoint."""

    def __init__(
        self,
        in_dim: int,
        neuron: list[int],
        *,
        activation_function: str = "silu",
        bias_out: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation_function]
        self.dtype = dtype
        widths = [in_dim, *neuron]
        self.hidden_layers = nn.ModuleList(
            _GLULayer(n_in, n_out, dtype=dtype) for n_in, n_out in pairwise(widths)
        )
        self.output_layer = MLPLayer(widths[-1], 1, bias=bias_out, dtype=dtype)

    def forward(self, descriptor: Tensor) -> Tensor:
        """[N, in_dim] -> [N] float64."""
        z = descriptor.to(self.dtype)
        for layer in self.hidden_layers:
            value, gate = layer.linear(z).chunk(2, -1)
            z = value * self.activation(gate)
        return self.output_layer(z).squeeze(1).to(torch.float64)


class _GLULayer(nn.Module):
    def __init__(self, n_in: int, n_out: int, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.linear = MLPLayer(n_in, 2 * n_out, bias=True, dtype=dtype)
