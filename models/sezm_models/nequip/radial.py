"""Radial functions of the distance (nequip.md, "Radial functions")."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from .activation import ACTIVATIONS, is_zero_at_zero
from .parameters import Parameters


def polynomial_envelope(u: Tensor) -> Tensor:
    """1 - 21 u^5 + 35 u^6 - 15 u^7, with two derivatives zero at 1."""
    return 1.0 + u**5 * (-21.0 + u * (35.0 - 15.0 * u))


def soft_envelope(u: Tensor) -> Tensor:
    """1.2 e^(1/2) exp(-1 / (2 (1 - u))), with all derivatives zero at 1."""
    return (1.2 * math.exp(0.5)) * torch.exp(-0.5 / (1.0 - u))


def cosine_cutoff(u: Tensor) -> Tensor:
    """(1 + cos(pi u)) / 2."""
    return 0.5 * (1.0 + torch.cos(math.pi * u))


ENVELOPES = {
    "polynomial_envelope": polynomial_envelope,
    "soft_envelope": soft_envelope,
    "cosine_cutoff": cosine_cutoff,
}
"""Of the distance in units of the cutoff, below 1."""

NEARLY_ONE = 1.0 - 1e-6
"""Envelopes are evaluated no further out, where the soft one divides by zero."""


class RadialBasis(nn.Module):
    """Bessel functions times an envelope, exactly zero at the cutoff and beyond."""

    frequencies: Tensor

    def __init__(self, count: int, envelope: str, cutoff: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.envelope = ENVELOPES[envelope]
        frequencies = torch.arange(1, count + 1, dtype=torch.float64) * (math.pi / cutoff)
        self.register_buffer("frequencies", frequencies.to(dtype), persistent=False)

    def forward(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """Distances [S, 1], Angstrom -> functions [S, count], and 1 within the cutoff [S, 1]."""
        inside = (r < self.cutoff).to(r.dtype)
        u = torch.clamp(r / self.cutoff, max=NEARLY_ONE)
        weight = self.envelope(u) * inside * (math.sqrt(2.0 / self.cutoff) / r)
        return torch.sin(r * self.frequencies) * weight, inside


class RadialNetwork(nn.Module):
    """All but the last product of a radial network, zero outside the cutoff.

    The last one stands in the paths of the tensor product, each with its own columns.
    """

    def __init__(
        self,
        parameters: Parameters,
        prefix: str,
        widths: list[int],
        activation: str,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.masked = not is_zero_at_zero(activation) and len(widths) > 1
        self.kernels = nn.ParameterList()
        for index, shape in enumerate(pairwise(widths)):
            kernel = parameters.take(f"{prefix}#layers_{index}#kernel", shape)
            self.kernels.append(constant(kernel, dtype))

    def forward(self, radial: Tensor, inside: Tensor) -> Tensor:
        """[S, num_rbf], [S, 1] -> [S, last width]."""
        for kernel in self.kernels:
            radial = self.activation(radial @ kernel)
        return radial * inside if self.masked else radial


def constant(values: object, dtype: torch.dtype) -> nn.Parameter:
    """A parameter that is not trained here."""
    return nn.Parameter(torch.as_tensor(values).to(dtype), requires_grad=False)
