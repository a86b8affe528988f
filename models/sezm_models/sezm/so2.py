"""Linear maps and gates that commute with rotations about the edge (sezm.md 3.6, SO2Linear).

Messages in the edge frame are kept as one tensor per order m: for m = 0 [F, S, (L+1) C] with
rows l = 0 .. L; for m >= 1 [F, S, (L-m+1) 2 C] with rows (l, -m), (l, +m) side by side for
l = m .. L. A layer is then one dense product per order.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .linear import FocusLinear, weight_parameter


class SO2Linear(nn.Module):
    """A linear layer per order m and focus; keys ``weight_m0`` and ``weight_m.<m-1>``."""

    def __init__(
        self,
        *,
        lmax: int,
        mmax: int,
        in_channels: int,
        out_channels: int,
        n_focus: int = 1,
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

    def matrices(self) -> list[Tensor]:
        """One matrix per focus and order: [F, in, out], in the layout of this module's messages."""
        first = self.weight_m0.reshape(self.weight_m0.shape[0], self.n_focus, -1).transpose(0, 1)
        return [first, *(self._pair_matrix(m) for m in range(1, self.mmax + 1))]

    def _pair_matrix(self, m: int) -> Tensor:
        """y_- = x_- U - x_+ V, y_+ = x_- V + x_+ U as one real matrix."""
        degrees = self.lmax - m + 1
        weight = self.weight_m[m - 1]
        shape = (degrees, self.in_channels, self.n_focus, 2, degrees, self.out_channels)
        u, v = weight.reshape(shape).permute(3, 2, 0, 1, 4, 5)  # each [F, l, c, l', c']
        from_minus = torch.stack([u, v], 4)  # [F, l, c, l', s', c']
        from_plus = torch.stack([-v, u], 4)
        both = torch.stack([from_minus, from_plus], 2)  # [F, l, s, c, l', s', c']
        return both.reshape(
            self.n_focus, degrees * 2 * self.in_channels, degrees * 2 * self.out_channels
        )


class SO2Gate(nn.Module):
    """Gated activation of edge-frame messages; silu of the scalars is a gate as well."""

    def __init__(self, *, lmax: int, channels: int, n_focus: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.lmax, self.channels = lmax, channels
        self.gate_linear = FocusLinear(
            in_channels=channels,
            out_channels=lmax * channels,
            n_focus=n_focus,
            dtype=dtype,
            bias=False,
        )

    def forward(self, messages: list[Tensor]) -> list[Tensor]:
        """Messages in this module's layout -> same."""
        first = messages[0]
        identity = torch.eye(self.channels, dtype=first.dtype, device=first.device)
        weight = self.gate_linear.per_focus()
        weight = torch.cat([identity.expand(weight.shape[0], -1, -1), weight], 2)
        gates = torch.sigmoid(first[:, :, : self.channels] @ weight)  # [F, S, (L+1) C]
        gated = [first * gates]
        for m, message in enumerate(messages[1:], start=1):
            gate = gates[:, :, m * self.channels :]
            by_degree = (*gate.shape[:2], self.lmax - m + 1, -1, self.channels)
            gated.append((message.reshape(by_degree) * gate.reshape(by_degree)).flatten(2))
        return gated
