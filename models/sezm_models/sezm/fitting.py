"""From the scalar descriptor of an atom to its energy (sezm.md 3.11)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .config import SeZMConfig
from .parts import glu_width
from .radial import MLPLayer


def energy_network(config: SeZMConfig, dtype: torch.dtype) -> GLUFittingNet:
    """The network of a configuration, for an energy head of any kind."""
    channels, options = config.descriptor["channels"], config.fitting
    return GLUFittingNet(
        channels,
        [width or glu_width(channels) for width in options["neuron"]],
        activation_function=options["activation_function"],
        bias_out=options["bias_out"],
        subtract_vacuum=any(energy is not None for energy in options["atom_ener"] or []),
        dtype=dtype,
    )


class GLUFittingNet(nn.Module):
    """Gated linear units, then a linear map to one number; keys as in the checkpoint.

    Args:
        in_dim, neuron: widths of the input and of the hidden layers.
        activation_function: of the gates.
        bias_out: whether the last layer has a bias.
        subtract_vacuum: energies are relative to that of a zero descriptor.
        dtype: of all parameters.
    """

    def __init__(
        self,
        in_dim: int,
        neuron: list[int],
        *,
        activation_function: str = "silu",
        bias_out: bool = False,
        subtract_vacuum: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.subtract_vacuum = subtract_vacuum
        self.activation = activation_by_name(activation_function)
        self.dtype = dtype
        widths = [in_dim, *neuron]
        self.hidden_layers = nn.ModuleList(
            _GLULayer(n_in, n_out, dtype=dtype) for n_in, n_out in pairwise(widths)
        )
        self.output_layer = MLPLayer(widths[-1], 1, bias=bias_out, dtype=dtype)

    def forward(self, descriptor: Tensor) -> Tensor:
        """[N, in_dim] -> [N] float64."""
        energy = self._network(descriptor.to(self.dtype))
        if self.subtract_vacuum:
            vacuum = torch.zeros_like(self.output_layer.matrix[:1, :1]).expand(
                1, descriptor.shape[1]
            )
            energy = energy - self._network(vacuum)
        return energy.to(torch.float64)

    def _network(self, z: Tensor) -> Tensor:
        """[N, in_dim] -> [N]."""
        for layer in self.hidden_layers:
            value, gate = layer.linear(z).chunk(2, -1)
            z = value * self.activation(gate)
        return self.output_layer(z).squeeze(1)


class _GLULayer(nn.Module):
    def __init__(self, n_in: int, n_out: int, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.linear = MLPLayer(n_in, 2 * n_out, bias=True, dtype=dtype)
