"""Gated products of equivariant features: the nonlinearity of SeZM's nodes (sezm.md 3.9).

Two fields are multiplied (:mod:`.grid`) after optional channel mixing - ``glu``: none, ``mlp``:
full, ``branch``: several products weighted by a router - and gated by their scalars. Mixing is
linear per channel, so it is multiplied into the weights of the layer that makes the fields; see
:meth:`GridNet.project`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .grid import Field, GridProduct
from .linear import ChannelLinear, FocusLinear, degree_matmul, weight_parameter


class GridOp(nn.Module):
    """Parameters of the channel mixing; none for ``glu``."""

    def __init__(
        self, *, op: str, in_channels: int, channels: int, n_branches: int, dtype: torch.dtype
    ) -> None:
        super().__init__()
        if op == "glu":
            return

        def linear(n_in: int, n_out: int) -> ChannelLinear:
            return ChannelLinear(in_channels=n_in, out_channels=n_out, bias=False, dtype=dtype)

        width = 2 * channels if op == "mlp" else n_branches * channels
        self.left_proj = linear(in_channels, width)
        self.right_proj = linear(in_channels, width)
        self.out_proj = linear(2 * channels if op == "mlp" else channels, channels)
        if op == "branch":
            self.router = linear(2 * channels, n_branches)


class GridNet(nn.Module):
    """Gated product of two fields of the same input (self mode).

    Args:
        lmax: largest degree.
        channels: C, per focus.
        n_focus: F.
        frames: 1 (sphere) or 3 (SO(3)).
        op: "glu", "mlp" or "branch".
        n_branches: products of a "branch" net.
        op_in_channels: channels that the mixing of an "mlp" sees: 2 C in self mode, C across
            inputs.
        mlp_bias: whether the gate has a bias.
        dtype: of parameters and constants.
    """

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        n_focus: int = 1,
        frames: int,
        op: str,
        n_branches: int = 1,
        op_in_channels: int | None = None,
        mlp_bias: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.channels, self.n_focus, self.frames = lmax, channels, n_focus, frames
        self.op = op
        self.n_branches = n_branches if op == "branch" else 1
        default_in = 2 * channels if op == "mlp" else channels
        self.grid_op = GridOp(
            op=op,
            in_channels=op_in_channels or default_in,
            channels=channels,
            n_branches=self.n_branches,
            dtype=dtype,
        )
        self.scalar_gate = FocusLinear(
            in_channels=2 * channels,
            out_channels=channels,
            n_focus=n_focus,
            dtype=dtype,
            bias=mlp_bias,
        )
        self.product = GridProduct(lmax, frames=frames, dtype=dtype)

    def project(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Mixing multiplied into weights [..., C] that make the left and the right field."""
        if self.op == "glu":
            return left, right
        if self.op == "mlp":
            left = right = torch.cat([left, right], -1)
        return left @ self.grid_op.left_proj.weight, right @ self.grid_op.right_proj.weight

    def forward(self, left: Field, right: Field, scalars: Tensor) -> Field:
        """Product of projected fields [N, rows, F * P]; scalars [N, F, 2 C] before projection.

        Returns:
            Field of [N, rows, F * C].
        """
        grid = self.product
        product = grid.multiply(grid.to_grid(left), grid.to_grid(right))
        probabilities = self._branch_probabilities(scalars)
        product = _map(product, lambda values: self._sum_branches(values, probabilities))
        field = _map(grid.from_grid(product), self._output_projection)
        gate = torch.sigmoid(self.scalar_gate(scalars)).flatten(1).unsqueeze(1)  # [N, 1, F C]
        field = _map(field, lambda values: values * gate)
        first = field.zero[:, :1] + _scalar_path(scalars).flatten(1).unsqueeze(1)
        return Field(torch.cat([first, field.zero[:, 1:]], 1), field.pair)

    def scalar(self, left: Field, right: Field, scalars: Tensor) -> Tensor:
        """Only the l = 0, k = 0 output of :meth:`forward`: [N, F, C]; no grid is needed."""
        product = self.product.scalar(left, right).unsqueeze(1)  # [N, 1, F P]
        product = self._sum_branches(product, self._branch_probabilities(scalars))
        product = self._output_projection(product).reshape(-1, self.n_focus, self.channels)
        return product * torch.sigmoid(self.scalar_gate(scalars)) + _scalar_path(scalars)

    def _branch_probabilities(self, scalars: Tensor) -> Tensor | None:
        """[N, F, n_branches]; None for a single branch, which leaves nothing to choose."""
        if self.n_branches == 1:
            return None
        return torch.softmax(self.grid_op.router(scalars), -1)

    def _sum_branches(self, values: Tensor, probabilities: Tensor | None) -> Tensor:
        if probabilities is None:
            return values
        split = (self.n_focus, self.n_branches, self.channels)
        weighted = values.reshape(*values.shape[:2], *split) * probabilities[:, None, :, :, None]
        return weighted.sum(3).flatten(2)

    def _output_projection(self, values: Tensor) -> Tensor:
        """[N, rows, F * P] -> [N, rows, F * C]."""
        if self.op == "glu":
            return values
        per_focus = values.reshape(*values.shape[:2], self.n_focus, -1)
        return self.grid_op.out_proj(per_focus).flatten(2)


class CrossGridNet(GridNet):
    """Gated SO(3) product of two inputs, expanded to frames before and contracted after."""

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        n_focus: int,
        op: str,
        n_branches: int = 1,
        mlp_bias: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__(
            lmax=lmax,
            channels=channels,
            n_focus=n_focus,
            frames=3,
            op=op,
            n_branches=n_branches,
            op_in_channels=channels,
            mlp_bias=mlp_bias,
            dtype=dtype,
        )
        self.frame_expand = _DegreeWeights(lmax, channels, 3 * channels, dtype)
        self.frame_contract = _DegreeWeights(lmax, 3 * channels, channels, dtype)
        self.residual_scale = weight_parameter(n_focus, channels, dtype=dtype)

    def project(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """As in self mode, but an "mlp" mixes each input alone."""
        if self.op == "glu":
            return left, right
        return left @ self.grid_op.left_proj.weight, right @ self.grid_op.right_proj.weight

    def cross(self, query: Tensor, context: Tensor) -> Tensor:
        """[N, D, F, C] of two inputs -> [N, D, F, C]."""
        expand = self.frame_expand.weight.reshape(self.lmax + 1, self.channels, 3, -1)
        left_weights, right_weights = self.project(expand, expand)
        left = make_field(query, left_weights)
        right = make_field(context, right_weights)
        scalars = torch.cat([query[:, 0], context[:, 0]], -1)
        product = self.forward(left, right, scalars)
        contracted = contract_field(product, self.frame_contract.weight, self.n_focus)
        return contracted * self.residual_scale


class _DegreeWeights(nn.Module):
    def __init__(self, lmax: int, n_in: int, n_out: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = weight_parameter(lmax + 1, n_in, n_out, dtype=dtype)


def make_field(x: Tensor, weights: Tensor) -> Field:
    """Field of features x [N, D, F, I] by weights [lmax + 1, I, frames, P]: [N, rows, F * P].

    Frames with |k| > l do not exist, so the weights of l = 0 for frames -1, +1 are not used.
    """
    n, _, focus, _ = x.shape
    frames, width = weights.shape[2:]
    zero = degree_matmul(x, list(weights[:, :, 0].unbind(0))).flatten(2)
    if frames == 1:
        return Field(zero, None)
    pair_weights = list(weights[1:, :, 1:].flatten(2).unbind(0))
    pair = degree_matmul(x[:, 1:], pair_weights, first_degree=1)  # [N, D-1, F, 2 P]
    pair = pair.reshape(n, -1, focus, 2, width).transpose(2, 3)
    return Field(zero, pair.reshape(n, -1, focus * width))


def contract_field(field: Field, weight: Tensor, n_focus: int) -> Tensor:
    """Frames and channels [N, rows, F * C] to features by weight [lmax + 1, frames * C, O].

    Returns:
        [N, D, F, O].
    """
    n, rows, width = field.zero.shape
    channels = width // n_focus
    zero = field.zero.reshape(n, rows, n_focus, channels)
    out = degree_matmul(zero, list(weight[:, :channels].unbind(0)))
    if field.pair is None:
        return out
    pair = field.pair.reshape(n, rows - 1, 2, n_focus, channels).transpose(2, 3)
    pair = pair.reshape(n, rows - 1, n_focus, 2 * channels)
    higher = degree_matmul(pair, list(weight[1:, channels:].unbind(0)), first_degree=1)
    return torch.cat([out[:, :1], out[:, 1:] + higher], 1)


def _map(field: Field, function) -> Field:  # type: ignore[no-untyped-def]
    return Field(function(field.zero), None if field.pair is None else function(field.pair))


def _scalar_path(scalars: Tensor) -> Tensor:
    """silu(left) * right of the two halves of [N, F, 2 C]."""
    left, right = scalars.chunk(2, -1)
    return nn.functional.silu(left) * right
