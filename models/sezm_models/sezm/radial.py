"""Functions of the edge length: envelope, radial basis, radial network (sezm.md 3.2, 3.3)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .linear import weight_parameter
from .norm import RMSNorm


def cutoff_envelope(r: Tensor, cutoff: float, exponent: int) -> Tensor:
    """u^4 sum_{k < exponent} binom(k+3, 3) (1-u)^k with u = clip((cutoff - r) / cutoff, 0, 1).

    1 at r = 0; zero with three derivatives at the cutoff, exactly zero beyond.
    """
    return _IncompleteBeta.apply(torch.clamp((cutoff - r) * (1.0 / cutoff), 0.0, 1.0), exponent)


class _IncompleteBeta(torch.autograd.Function):
    """I_u(4, p), a polynomial in u; its derivative is one term: u^3 (1-u)^(p-1) / B(4, p)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, p: int) -> Tensor:
        ctx.save_for_backward(u)
        ctx.p = p
        x = 1.0 - u
        series: Tensor | int = math.comb(p + 2, 3)
        for k in range(p - 2, -1, -1):
            series = series * x + math.comb(k + 3, 3)
        square = u * u
        return square * square * series

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (u,) = ctx.saved_tensors
        slope = u * u * u * (4 * math.comb(ctx.p + 3, 4))
        for _ in range(ctx.p - 1):
            slope = slope * (1.0 - u)
        return grad * slope, None


class RadialBasis(nn.Module):
    """Functions of the distance under the envelope, with trained parameters q_k.

    bessel: sin(q_k r) / r, q_k the frequencies. gaussian: exp(-(r - q_k)^2 / (2 sigma^2)), q_k
        the centres and
    sigma their initial distance.
    """

    def __init__(
        self,
        rcut: float,
        basis_type: str = "bessel",
        n_radial: int = 10,
        dtype: torch.dtype = torch.float32,
        exponent: int = 7,
    ) -> None:
        super().__init__()
        self.rcut, self.exponent, self.is_gaussian = rcut, exponent, basis_type == "gaussian"
        self.sharpness = 0.5 * (max(n_radial - 1, 1) / rcut) ** 2  # 1 / (2 sigma^2)
        self.adam_freqs = weight_parameter(1, n_radial, dtype=dtype)

    def forward(self, r: Tensor) -> Tensor:
        """[S, 1] -> [S, n_radial]."""
        envelope = cutoff_envelope(r, self.rcut, self.exponent)
        if self.is_gaussian:
            offset = r - self.adam_freqs
            return torch.exp(-self.sharpness * offset * offset) * envelope
        return torch.sin(r * self.adam_freqs) * (envelope / r)


class MLPLayer(nn.Module):
    """y = x @ matrix (+ bias), in the trainer's spelling."""

    def __init__(self, n_in: int, n_out: int, *, bias: bool = False, dtype: torch.dtype) -> None:
        super().__init__()
        self.matrix = weight_parameter(n_in, n_out, dtype=dtype)
        self.bias = weight_parameter(n_out, dtype=dtype) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """[..., n_in] -> [..., n_out]."""
        y = x @ self.matrix
        return y if self.bias is None else y + self.bias


class RadialMLP(nn.Module):
    """Linear layers without biases, each but the last with an optional norm and an activation."""

    def __init__(
        self,
        mlp_layers: list[int],
        *,
        activation_function: str = "silu",
        dtype: torch.dtype = torch.float32,
        radial_norm: bool = True,
    ) -> None:
        super().__init__()
        self.activation = activation_by_name(activation_function)
        modules: list[nn.Module] = []
        for n_in, n_out in pairwise(mlp_layers[:-1]):
            modules.append(MLPLayer(n_in, n_out, dtype=dtype))
            if radial_norm:
                modules.append(RMSNorm(channels=n_out, dtype=dtype))
            modules.append(nn.Identity())  # the activation's place in the numbering of the keys
        modules.append(MLPLayer(mlp_layers[-2], mlp_layers[-1], dtype=dtype))
        self.net = nn.Sequential(*modules)

    def forward(self, basis: Tensor) -> Tensor:
        """[S, n_radial] -> [S, mlp_layers[-1]]."""
        for module in self.net:
            basis = self.activation(basis) if isinstance(module, nn.Identity) else module(basis)
        return basis
