"""Root-mean-square norms (sezm.md 3.3, 3.6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .degrees import degree_of_rows
from .linear import weight_parameter


class RMSNorm(nn.Module):
    """x / sqrt(mean_c x^2 + eps) * scale over the last axis; used in the radial network."""

    def __init__(self, *, channels: int, eps: float = 1e-7, dtype: torch.dtype) -> None:
        super().__init__()
        self.eps = eps
        self.adam_scale = weight_parameter(channels, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """[..., C] -> [..., C]."""
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.adam_scale


class ScalarRMSNorm(nn.Module):
    """x / sqrt(mean_c x^2 + eps) * scale per focus; scale [n_focus, channels]."""

    def __init__(
        self, *, channels: int, n_focus: int = 1, eps: float = 1e-7, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.eps = eps
        self.adam_scale = weight_parameter(n_focus, channels, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """[..., F, C] -> [..., F, C]."""
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.adam_scale


class EquivariantRMSNorm(nn.Module):
    """One scale for all rows of an atom, each degree weighing alike; l = 0 is centred first.

    Always with a bias on l = 0.
    """

    def __init__(
        self,
        lmax: int,
        channels: int,
        n_focus: int = 1,
        *,
        eps: float = 1e-5,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.eps = eps
        self.adam_scale = weight_parameter(lmax + 1, n_focus, channels, dtype=dtype)
        self.bias = weight_parameter(n_focus, channels, dtype=dtype)
        degrees = degree_of_rows(lmax)
        balance = [1.0 / ((lmax + 1) * (2 * degree + 1) * channels) for degree in degrees]
        is_scalar = [float(degree == 0) for degree in degrees]
        for name, value in (("balance", balance), ("is_scalar", is_scalar)):
            tensor = torch.tensor(value, dtype=dtype).reshape(1, -1, 1, 1)
            self.register_buffer(name, tensor, persistent=False)
        self.register_buffer("degrees", torch.tensor(degrees), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, (lmax+1)^2, F, C] -> same."""
        centred = x - self.is_scalar * x[:, :1].mean(-1, keepdim=True)
        variance = (centred * centred * self.balance).sum((1, 3), keepdim=True)
        scale = self.adam_scale.index_select(0, self.degrees).unsqueeze(0)
        bias = self.is_scalar * self.bias
        return centred * torch.rsqrt(variance + self.eps) * scale + bias
