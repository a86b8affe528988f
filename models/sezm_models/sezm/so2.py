"""Maps, gates and norms that commute with rotations about the edge (sezm.md 3.6).

Messages in the edge frame are kept as one tensor per order m: for m = 0 [F, S, (L+1) C] with rows
l = 0 .. L; for m >= 1 [F, S, 2 (L-m+1) C] with rows (l, -m), l = m .. L, then (l, +m). A layer is
then one dense product per order.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .edge_frame import EdgeFrame
from .grid import Field
from .grid_net import GridNet
from .linear import FocusLinear, weight_parameter


class SO2Linear(nn.Module):
    """A linear layer per order m and focus; keys ``weight_m0`` and ``weight_m.<m-1>``.

    The bias ``bias0`` [F * out_channels], if any, belongs to the l = 0 row; callers add it.
    """

    def __init__(
        self,
        *,
        lmax: int,
        mmax: int,
        in_channels: int,
        out_channels: int,
        n_focus: int = 1,
        mlp_bias: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.mmax, self.n_focus = lmax, mmax, n_focus
        self.in_channels, self.out_channels = in_channels, out_channels
        self.weight_m0 = weight_parameter(
            (lmax + 1) * in_channels, n_focus * (lmax + 1) * out_channels, dtype=dtype
        )
        self.weight_m = nn.ParameterList(
            weight_parameter(
                (lmax - m + 1) * in_channels,
                n_focus * 2 * (lmax - m + 1) * out_channels,
                dtype=dtype,
            )
            for m in range(1, mmax + 1)
        )
        self.bias0 = weight_parameter(n_focus * out_channels, dtype=dtype) if mlp_bias else None

    def matrices(self) -> list[Tensor]:
        """One matrix per focus and order: [F, in, out], in the layout of this module's messages."""
        first = self.weight_m0.reshape(self.weight_m0.shape[0], self.n_focus, -1).transpose(0, 1)
        return [first, *(self._pair_matrix(m) for m in range(1, self.mmax + 1))]

    def _pair_matrix(self, m: int) -> Tensor:
        """y_- = x_- U - x_+ V, y_+ = x_- V + x_+ U as one real matrix."""
        weight = self.weight_m[m - 1].unflatten(1, (self.n_focus, 2, -1))
        u, v = weight.permute(2, 1, 0, 3)  # each [F, in, out]
        return torch.cat([torch.cat([u, v], 2), torch.cat([-v, u], 2)], 1)


class SO2Gate(nn.Module):
    """Gated activation of messages: an activation of the scalars, gates on higher degrees."""

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        n_focus: int,
        activation_function: str = "silu",
        mlp_bias: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.channels = lmax, channels
        self.activation = activation_by_name(activation_function)
        # silu is x times a gate as well, so all rows of m = 0 take part in one product.
        self.is_silu = activation_function == "silu"
        if lmax > 0:
            self.gate_linear = FocusLinear(
                in_channels=channels,
                out_channels=lmax * channels,
                n_focus=n_focus,
                dtype=dtype,
                bias=mlp_bias,
            )

    def forward(self, messages: list[Tensor]) -> list[Tensor]:
        """Messages in this module's layout -> same."""
        first = messages[0]
        scalars, higher = first[:, :, : self.channels], first[:, :, self.channels :]
        if self.lmax == 0:
            return [self.activation(scalars)]
        if self.is_silu:
            all_gates = torch.sigmoid(self._gates(scalars, with_scalars=True))  # [F, S, (L+1) C]
            gates = all_gates[:, :, self.channels :]
            gated = [first * all_gates]
        else:
            gates = torch.sigmoid(self._gates(scalars, with_scalars=False))
            gated = [torch.cat([self.activation(scalars), higher * gates], 2)]
        for m, message in enumerate(messages[1:], start=1):
            gate = gates[:, :, (m - 1) * self.channels :]
            # Not broadcast over the sign: the derivative of that is a sum over a tiny axis.
            gated.append(message * torch.cat([gate, gate], 2))
        return gated

    def _gates(self, scalars: Tensor, *, with_scalars: bool) -> Tensor:
        """Logits of the gates of l = 1 .. L, and before them the scalars if wanted."""
        weight, bias = self.gate_linear.per_focus(), self.gate_linear.bias
        if with_scalars:
            identity = torch.eye(self.channels, dtype=weight.dtype, device=weight.device)
            weight = torch.cat([identity.expand(weight.shape[0], -1, -1), weight], 2)
        logits = scalars @ weight
        if bias is None:
            return logits
        by_focus = bias.reshape(weight.shape[0], 1, -1)
        absent = by_focus.new_zeros((by_focus.shape[0], 1, logits.shape[2] - by_focus.shape[2]))
        return logits + torch.cat([absent, by_focus], 2)


class SO2GridActivation(GridNet):
    """Product on the sphere of the two halves of each channel axis."""

    def __init__(
        self, frame: EdgeFrame, *, channels: int, n_focus: int, mlp_bias: bool, dtype: torch.dtype
    ) -> None:
        super().__init__(
            frame.rows,
            channels=channels,
            n_focus=n_focus,
            kmax=None,
            op="glu",
            mlp_bias=mlp_bias,
            dtype=dtype,
        )
        self.frame = frame

    def forward(self, messages: list[Tensor]) -> list[Tensor]:  # type: ignore[override]
        """Messages of 2 C channels -> of C channels."""
        joined = self.frame.join_orders(messages, 2 * self.channels)
        left, right = joined.chunk(2, -1)
        product = super().forward(Field(left.flatten(2)), Field(right.flatten(2)), joined[:, 0])
        return self.frame.split_orders(product.zero, self.n_focus)


class ReducedEquivariantRMSNorm(nn.Module):
    """One scale for all rows of a focus, each degree weighing alike; l = 0 is centred first."""

    def __init__(
        self, *, lmax: int, mmax: int, channels: int, n_focus: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.lmax, self.mmax, self.channels = lmax, mmax, channels
        self.eps = 1e-5
        self.adam_scale = weight_parameter(n_focus, lmax + 1, channels, dtype=dtype)
        self.bias0 = weight_parameter(n_focus, channels, dtype=dtype)
        balance = [
            1.0 / ((lmax + 1) * channels * (2 * min(degree, mmax) + 1))
            for degree in range(lmax + 1)
        ]
        self.register_buffer(
            "balance", torch.tensor(balance, dtype=dtype).unsqueeze(1), persistent=False
        )

    def forward(self, messages: list[Tensor]) -> list[Tensor]:
        """Messages in this module's layout -> same."""
        parts = [self._by_degree(message, m) for m, message in enumerate(messages)]
        scalars = parts[0][:, :, :, :1]
        centred = scalars - scalars.mean(-1, keepdim=True)
        parts[0] = torch.cat([centred, parts[0][:, :, :, 1:]], 3)
        balanced = [part * part * self.balance[m:] for m, part in enumerate(parts)]
        variance = torch.stack([part.sum((2, 3, 4)) for part in balanced]).sum(0)
        factor = torch.rsqrt(variance + self.eps)[:, :, None, None, None]
        scale = self.adam_scale[:, None, None]  # [F, 1, 1, L+1, C]
        normed = [part * factor * scale[:, :, :, m:] for m, part in enumerate(parts)]
        scalars = normed[0][:, :, :, :1] + self.bias0[:, None, None, None]
        normed[0] = torch.cat([scalars, normed[0][:, :, :, 1:]], 3)
        return [part.reshape(message.shape) for part, message in zip(normed, messages, strict=True)]

    def _by_degree(self, message: Tensor, m: int) -> Tensor:
        """[F, S, 1 or 2, degrees, C]."""
        return message.unflatten(2, (-1, self.lmax - m + 1, self.channels))
