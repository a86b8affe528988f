"""From the scalar descriptor of an atom to its energy (sezm.md 3.11)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .case_film import CaseFiLM
from .config import SeZMConfig
from .parts import glu_width
from .radial import MLPLayer


def energy_network(config: SeZMConfig, extra_width: int, dtype: torch.dtype) -> GLUFittingNet:
    """The network of a configuration, with ``extra_width`` inputs beside the descriptor."""
    channels, options = config.descriptor["channels"], config.fitting
    return GLUFittingNet(
        channels,
        extra_width,
        [width or glu_width(channels + extra_width) for width in options["neuron"]],
        activation_function=options["activation_function"],
        bias_out=options["bias_out"],
        subtract_vacuum=any(energy is not None for energy in options["atom_ener"] or []),
        case_film_width=options["dim_case_embd"] if options["case_film_embd"] else 0,
        dtype=dtype,
    )


class GLUFittingNet(nn.Module):
    """Gated linear units, then a linear map to one number; keys as in the checkpoint.

    Args:
        descriptor_width, extra_width: of the two parts of the input.
        neuron: widths of the hidden layers.
        activation_function: of the gates.
        bias_out: whether the last layer has a bias.
        subtract_vacuum: energies are relative to that of a zero descriptor, all else being equal.
        case_film_width: of the case embedding that scales and shifts all layers, or 0.
        dtype: of all parameters.
    """

    def __init__(
        self,
        descriptor_width: int,
        extra_width: int,
        neuron: list[int],
        *,
        activation_function: str = "silu",
        bias_out: bool = False,
        subtract_vacuum: bool = False,
        case_film_width: int = 0,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.subtract_vacuum = subtract_vacuum
        self.activation = activation_by_name(activation_function)
        self.dtype = dtype
        widths = [descriptor_width + extra_width, *neuron]
        self.hidden_layers = nn.ModuleList(
            _GLULayer(n_in, n_out, dtype=dtype) for n_in, n_out in pairwise(widths)
        )
        self.output_layer = MLPLayer(widths[-1], 1, bias=bias_out, dtype=dtype)
        self.case_film = (
            CaseFiLM(
                case_film_width,
                [descriptor_width, *neuron],
                activation_function=activation_function,
                dtype=dtype,
            )
            if case_film_width > 0
            else None
        )

    def forward(
        self, descriptor: Tensor, extra: Tensor | None = None, case: Tensor | None = None
    ) -> Tensor:
        """Energy of each atom without its bias.

        Args:
            descriptor: [N, descriptor_width].
            extra: [N, extra_width], or None if that is zero.
            case: [case_film_width], or None if that is zero.

        Returns:
            [N] float64.
        """
        energy = self._network(descriptor.to(self.dtype), extra, case)
        if self.subtract_vacuum:
            rows = 1 if extra is None else extra.shape[0]
            vacuum = torch.zeros_like(self.output_layer.matrix[:1, :1]).expand(
                rows, descriptor.shape[1]
            )
            energy = energy - self._network(vacuum, extra, case)
        return energy.to(torch.float64)

    def _network(self, z: Tensor, extra: Tensor | None, case: Tensor | None) -> Tensor:
        """[N, descriptor_width] -> [N]."""
        film = None if self.case_film is None else self.case_film(case)
        if film is not None:
            z = film[0](z)
        if extra is not None:
            z = torch.cat([z, extra], 1)
        for index, layer in enumerate(self.hidden_layers):
            value, gate = layer.linear(z).chunk(2, -1)
            z = value * self.activation(gate)
            if film is not None:
                z = film[index + 1](z)
        return self.output_layer(z).squeeze(1)


class _GLULayer(nn.Module):
    def __init__(self, n_in: int, n_out: int, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.linear = MLPLayer(n_in, 2 * n_out, bias=True, dtype=dtype)
