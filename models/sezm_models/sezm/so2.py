"""Maps, gates and norms that commute with rotations about the edge (sezm.md 3.6).

Messages in the edge frame are kept as one tensor per signed order, m = 0, -1, +1, -2, +2, ...:
[F, S, (L-|m|+1) C] with rows l = |m| .. L. A layer is then a few dense products.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .edge_frame import EdgeFrame
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

    def forward(self, messages: list[Tensor]) -> list[Tensor]:
        """Messages of in_channels in this module's layout -> of out_channels, without bias."""
        out = [messages[0] @ self.zero_matrix()]
        for m in range(1, self.mmax + 1):
            minus, plus = messages[2 * m - 1], messages[2 * m]
            u, v = self.pair_matrices(m)
            out += [minus @ u - plus @ v, minus @ v + plus @ u]
        return out

    def zero_matrix(self) -> Tensor:
        """Of m = 0: [F, in, out], rows and columns degree-major."""
        return self.weight_m0.unflatten(1, (self.n_focus, -1)).transpose(0, 1)

    def pair_matrices(self, m: int) -> tuple[Tensor, Tensor]:
        """U and V of y_- = x_- U - x_+ V, y_+ = x_- V + x_+ U: each [F, in, out]."""
        u, v = self.weight_m[m - 1].unflatten(1, (self.n_focus, 2, -1)).permute(2, 1, 0, 3)
        return u, v


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
        gates = torch.sigmoid(self._logits(scalars))  # [F, S, L C]
        gated = [torch.cat([self.activation(scalars), higher * gates], 2)]
        for i, message in enumerate(messages[1:]):
            gated.append(message * gates[:, :, i // 2 * self.channels :])
        return gated

    def _logits(self, scalars: Tensor) -> Tensor:
        """[F, S, C] -> [F, S, L C]."""
        logits = scalars @ self.gate_linear.per_focus()
        bias = self.gate_linear.bias
        return logits if bias is None else logits + bias.reshape(logits.shape[0], 1, -1)


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
        left, right = joined.unflatten(3, (2, 1, -1)).unbind(3)
        return self.frame.split_orders(super().forward(left, right).flatten(2), self.n_focus)


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
        parts = [message.unflatten(2, (-1, self.channels)) for message in messages]
        scalars = parts[0][:, :, :1]
        centred = scalars - scalars.mean(-1, keepdim=True)
        parts[0] = torch.cat([centred, parts[0][:, :, 1:]], 2)
        balanced = [part * part * self.balance[-part.shape[2] :] for part in parts]
        variance = torch.stack([part.sum((2, 3)) for part in balanced]).sum(0)
        factor = torch.rsqrt(variance + self.eps)[:, :, None, None]
        scale = self.adam_scale[:, None]  # [F, 1, L+1, C]
        normed = [part * factor * scale[:, :, -part.shape[2] :] for part in parts]
        scalars = normed[0][:, :, :1] + self.bias0[:, None, None]
        normed[0] = torch.cat([scalars, normed[0][:, :, 1:]], 2)
        return [part.flatten(2) for part in normed]
