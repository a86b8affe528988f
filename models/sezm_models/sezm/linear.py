"""Linear layers over channels: one weight for all rows, per focus, or per degree (sezm.md 3.6)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .degrees import degree_of_rows, orders_of
from .serialization import Serializable


def weight_parameter(*shape: int, dtype: torch.dtype) -> nn.Parameter:
    """A weight to be filled from a checkpoint; models here are never trained."""
    return nn.Parameter(torch.zeros(*shape, dtype=dtype), requires_grad=False)


def degree_matmul(
    x: Tensor, weights: list[Tensor], first_degree: int = 0, mmax: int | None = None
) -> Tensor:
    """Multiply the rows of each degree by that degree's matrix.

    Args:
        x: [N, rows, ..., I], the packed rows of degrees first_degree, first_degree + 1, ...
        weights: one [I, O] per degree.
        first_degree: degree of the first rows in ``x``.
        mmax: largest order of the rows, if they are truncated.

    Returns:
        [N, rows, ..., O].
    """
    # One batched product over rows: a third of the operators of one product per degree, and faster.
    repeated = [
        weight.expand(len(orders_of(first_degree + i, mmax)), -1, -1)
        for i, weight in enumerate(weights)
    ]
    by_row = x.transpose(0, 1)
    flat = by_row.reshape(x.shape[1], -1, x.shape[-1])
    product = torch.bmm(flat, torch.cat(repeated))
    return product.reshape(*by_row.shape[:-1], product.shape[-1]).transpose(0, 1)


class ChannelLinear(Serializable):
    """y = x @ weight (+ bias); weight [in_channels, out_channels]."""

    def __init__(
        self, *, in_channels: int, out_channels: int, dtype: torch.dtype, bias: bool = True
    ) -> None:
        super().__init__()
        self.config = {"in_channels": in_channels, "out_channels": out_channels, "bias": bias}
        self.weight = weight_parameter(in_channels, out_channels, dtype=dtype)
        self.bias = weight_parameter(out_channels, dtype=dtype) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """[..., in_channels] -> [..., out_channels]."""
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


class FocusLinear(Serializable):
    """A linear layer per focus stream; weight [in_channels, n_focus * out_channels]."""

    def __init__(
        self,
        *,
        in_channels: int,
        out_channels: int,
        n_focus: int,
        dtype: torch.dtype,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.config = {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "n_focus": n_focus,
            "bias": bias,
        }
        self.n_focus = n_focus
        self.weight = weight_parameter(in_channels, n_focus * out_channels, dtype=dtype)
        self.bias = weight_parameter(n_focus * out_channels, dtype=dtype) if bias else None

    def per_focus(self) -> Tensor:
        """The weight as one matrix per focus: [F, in_channels, out_channels]."""
        return self.weight.reshape(self.weight.shape[0], self.n_focus, -1).transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, in_channels] -> [B, F, out_channels]."""
        if self.n_focus == 1:
            y = x @ self.weight
        else:
            y = torch.bmm(x.transpose(0, 1), self.per_focus()).transpose(0, 1)
        return y if self.bias is None else y + self.bias.reshape(self.n_focus, -1)


class SO3Linear(Serializable):
    """A linear layer per degree; weight [lmax + 1, in_channels, n_focus * out_channels].

    The bias, if any, is added to l = 0 only, which keeps the layer equivariant.
    """

    def __init__(
        self,
        *,
        lmax: int,
        in_channels: int,
        out_channels: int,
        n_focus: int = 1,
        dtype: torch.dtype,
        mlp_bias: bool = False,
    ) -> None:
        super().__init__()
        self.config = {
            "lmax": lmax,
            "in_channels": in_channels,
            "out_channels": out_channels,
            "n_focus": n_focus,
            "mlp_bias": mlp_bias,
        }
        self.n_focus = n_focus
        self.weight = weight_parameter(lmax + 1, in_channels, n_focus * out_channels, dtype=dtype)
        self.bias = weight_parameter(n_focus * out_channels, dtype=dtype) if mlp_bias else None
        packed = torch.tensor(degree_of_rows(lmax))
        self.register_buffer("packed_degrees", packed, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, (lmax+1)^2, F, in_channels] -> [N, (lmax+1)^2, F, out_channels]."""
        if self.n_focus == 1:
            y = degree_matmul(x, list(self.weight.unbind(0)))
        else:
            y = self.on_rows(x, self.packed_degrees)
        return self.add_bias(y)

    def add_bias(self, y: Tensor) -> Tensor:
        """Add the bias, if there is one, to the l = 0 row of products with the weight."""
        if self.bias is None:
            return y
        scalars = y[:, :1] + self.bias.reshape(1, 1, self.n_focus, -1)
        return torch.cat([scalars, y[:, 1:]], 1)

    def on_rows(self, x: Tensor, degrees: Tensor) -> Tensor:
        """Products with rows in any order, without bias.

        x [S, rows, F, in_channels], degrees [rows] -> [S, rows, F, out_channels].
        """
        weight = self.weight.index_select(0, degrees)  # [rows, I, F O]
        per_focus = weight.unflatten(2, (self.n_focus, -1)).transpose(1, 2)  # [rows, F, I, O]
        product = x.permute(1, 2, 0, 3).flatten(0, 1) @ per_focus.flatten(0, 1)
        return product.unflatten(0, (-1, self.n_focus)).permute(2, 0, 1, 3)

    def stored_tables(self) -> dict[str, np.ndarray]:
        """Degree of each packed row."""
        return {"expand_index": np.array(degree_of_rows(self.config["lmax"]), dtype=np.int64)}
