"""Residual layers from the scalar descriptor of an atom to its property (sezm.md 3.16)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .linear import weight_parameter
from .radial import MLPLayer


class ResidualFittingNet(nn.Module):
    """Layers act(x W + b), added to x where widths allow it, then a linear map.

    Args:
        in_dim: width of the descriptor and of the inputs beside it.
        neuron: widths of the hidden layers.
        out_dim: numbers per atom.
        activation_function: of the hidden layers.
        resnet_dt: whether what is added to x is scaled by a trained vector.
        dtype: of all parameters.
    """

    def __init__(
        self,
        in_dim: int,
        neuron: list[int],
        out_dim: int,
        *,
        activation_function: str = "tanh",
        resnet_dt: bool = True,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.dtype = dtype
        widths = [in_dim, *neuron]
        layers: list[nn.Module] = [
            _ResidualLayer(n_in, n_out, activation_function, resnet_dt, dtype)
            for n_in, n_out in pairwise(widths)
        ]
        layers.append(MLPLayer(widths[-1], out_dim, bias=True, dtype=dtype))
        self.layers = nn.ModuleList(layers)

    def forward(
        self, descriptor: Tensor, extra: Tensor | None = None, case: Tensor | None = None
    ) -> Tensor:
        """Result of each atom.

        Args:
            descriptor: [N, channels].
            extra: [N, in_dim - channels], or None if that is zero.
            case: unused; a case embedding is part of ``extra``.

        Returns:
            [N, out_dim] float64.
        """
        x = descriptor.to(self.dtype)
        if extra is not None:
            x = torch.cat([x, extra], 1)
        for layer in self.layers:
            x = layer(x)
        return x.to(torch.float64)


class _ResidualLayer(MLPLayer):
    """n_in -> n_out; x is added once if the widths are equal, [x, x] if n_out is twice n_in."""

    def __init__(
        self, n_in: int, n_out: int, activation_function: str, resnet_dt: bool, dtype: torch.dtype
    ) -> None:
        super().__init__(n_in, n_out, bias=True, dtype=dtype)
        self.activation = activation_by_name(activation_function)
        self.copies = n_out // n_in if n_out in (n_in, 2 * n_in) else 0
        has_scale = resnet_dt and self.copies > 0
        self.idt = weight_parameter(n_out, dtype=dtype) if has_scale else None

    def forward(self, x: Tensor) -> Tensor:
        """[N, n_in] -> [N, n_out]."""
        y = self.activation(super().forward(x))
        if self.idt is not None:
            y = y * self.idt
        return y + torch.cat([x] * self.copies, 1) if self.copies else y
