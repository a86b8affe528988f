"""Gated products of equivariant features: the nonlinearity of SeZM's nodes (sezm.md 3.9).

Two fields are multiplied (:mod:`.grid`) after optional channel mixing - ``glu``: none, ``mlp``:
full, ``branch``: several products weighted by a router - and gated by their scalars.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .degrees import packed_rows
from .grid import GridProduct
from .grid_values import Field, multiply
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

    def project(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """[..., in_channels] of both, in any precision -> [..., P]."""
        weights = (self.left_proj.weight, self.right_proj.weight)
        return left @ weights[0].to(left.dtype), right @ weights[1].to(right.dtype)


def grid_op(mlp: bool, branches: int) -> str:
    """The mixing that two options choose."""
    return "branch" if branches > 0 else "mlp" if mlp else "glu"


class GridNet(nn.Module):
    """Gated product of two fields of the same input (self mode).

    Args:
        rows: (l, m) of each row of the features.
        channels: C, per focus.
        n_focus: F.
        kmax: largest frame of fields on SO(3); None for fields on the sphere.
        op: "glu", "mlp" or "branch".
        n_branches: products of a "branch" net.
        op_in_channels: channels that the mixing of an "mlp" sees: 2 C in self mode, C across
            inputs.
        mlp_bias: whether the gate has a bias.
        dtype: of parameters and constants.
    """

    def __init__(
        self,
        rows: Sequence[tuple[int, int]],
        *,
        channels: int,
        n_focus: int = 1,
        kmax: int | None,
        op: str,
        n_branches: int = 1,
        op_in_channels: int | None = None,
        mlp_bias: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.degrees = [degree for degree, _ in rows]
        self.channels, self.n_focus = channels, n_focus
        self.frames = 1 if kmax is None else 2 * kmax + 1
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
        self.product = GridProduct(rows, kmax=kmax, dtype=dtype)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Gated product of values [N, rows, F, frames, C] -> [N, rows, F, frames * C]."""
        scalars = torch.cat([left[:, 0, :, 0], right[:, 0, :, 0]], -1)
        return self._gated_product(left, right, scalars)

    def _gated_product(self, left: Tensor, right: Tensor, scalars: Tensor) -> Tensor:
        left, right = self.project(left, right)
        product = self.multiply(self._field(left), self._field(right), scalars)
        return self._values(product)

    def project(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Mixing of [..., C], or of weights that make them, to the factors of the product."""
        if self.op == "glu":
            return left, right
        if self.op == "mlp":
            left = right = torch.cat([left, right], -1)
        return self.grid_op.project(left, right)

    def multiply(self, left: Field, right: Field, scalars: Tensor) -> Field:
        """Product of projected fields [N, rows, F * P]; scalars [N, F, 2 C] before projection.

        Returns:
            Field of [N, rows, F * C].
        """
        grid = self.product
        product = multiply(grid.to_grid(left), grid.to_grid(right))
        probabilities = self._branch_probabilities(scalars)
        product = _map(product, lambda values: self._sum_branches(values, probabilities))
        field = _map(grid.from_grid(product), self._output_projection)
        gate = torch.sigmoid(self.scalar_gate(scalars)).flatten(1).unsqueeze(1)  # [N, 1, F C]
        field = _map(field, lambda values: values * gate)
        path = _scalar_path(scalars).flatten(1).unsqueeze(1)
        return Field(torch.cat([field.zero[:, :1] + path, field.zero[:, 1:]], 1), field.pairs)

    def scalar(self, left: Field, right: Field, scalars: Tensor) -> Tensor:
        """Only the l = 0, k = 0 output of :meth:`multiply`: [N, F, C]; no grid is needed."""
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

    def _field(self, values: Tensor) -> Field:
        """[N, rows, F, frames, P] as a field; frames with |k| > l do not exist."""
        pairs = [
            values[:, self._first_row(k) :, :, 2 * k - 1 : 2 * k + 1].transpose(2, 3).flatten(1, 2)
            for k in range(1, self.frames // 2 + 1)
        ]
        return Field(values[:, :, :, 0].flatten(2), tuple(pair.flatten(2) for pair in pairs))

    def _values(self, field: Field) -> Tensor:
        """A field as [N, rows, F, frames * C], zero in frames that do not exist."""
        frames = [field.zero.unflatten(2, (self.n_focus, 1, -1))]
        for k, pair in enumerate(field.pairs, 1):
            present = pair.unflatten(1, (-1, 2)).unflatten(3, (self.n_focus, -1)).transpose(2, 3)
            absent = torch.zeros_like(present[:, :1]).expand(-1, self._first_row(k), -1, -1, -1)
            frames.append(torch.cat([absent, present], 1))
        return torch.cat(frames, 3).flatten(3)

    def _first_row(self, degree: int) -> int:
        """The first row of a degree."""
        return sum(row_degree < degree for row_degree in self.degrees)


class CrossGridNet(GridNet):
    """Gated product of two inputs; for SO(3) expanded to frames before and contracted after.

    Args:
        lmax, mmax: degrees and orders of the packed rows of the inputs.
        channels, n_focus, kmax, op, n_branches, mlp_bias, dtype: as for :class:`GridNet`.
    """

    def __init__(
        self,
        *,
        lmax: int,
        mmax: int | None = None,
        channels: int,
        n_focus: int,
        kmax: int | None,
        op: str,
        n_branches: int = 1,
        mlp_bias: bool = False,
        dtype: torch.dtype,
    ) -> None:
        super().__init__(
            packed_rows(lmax, mmax),
            channels=channels,
            n_focus=n_focus,
            kmax=kmax,
            op=op,
            n_branches=n_branches,
            op_in_channels=channels,
            mlp_bias=mlp_bias,
            dtype=dtype,
        )
        self.mmax, self.on_sphere = mmax, kmax is None
        if not self.on_sphere:
            expanded = self.frames * channels
            self.frame_expand = _DegreeWeights(lmax, channels, expanded, dtype)
            self.frame_contract = _DegreeWeights(lmax, expanded, channels, dtype)
        self.residual_scale = weight_parameter(n_focus, channels, dtype=dtype)

    def project(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """As in self mode, but an "mlp" mixes each input alone."""
        if self.op == "glu":
            return left, right
        return self.grid_op.project(left, right)

    def forward(self, query: Tensor, context: Tensor) -> Tensor:
        """[N, rows, F, C] of two inputs -> [N, rows, F, C]."""
        scalars = torch.cat([query[:, 0], context[:, 0]], -1)
        product = self._gated_product(self._expanded(query), self._expanded(context), scalars)
        if not self.on_sphere:
            product = degree_matmul(product, self.frame_contract.by_degree(), 0, self.mmax)
        return product * self.residual_scale

    def _expanded(self, x: Tensor) -> Tensor:
        """[N, rows, F, C] -> [N, rows, F, frames, C]."""
        if self.on_sphere:
            return x.unsqueeze(3)
        expanded = degree_matmul(x, self.frame_expand.by_degree(), 0, self.mmax)
        return expanded.unflatten(3, (self.frames, -1))


class _DegreeWeights(nn.Module):
    def __init__(self, lmax: int, n_in: int, n_out: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = weight_parameter(lmax + 1, n_in, n_out, dtype=dtype)

    def by_degree(self) -> list[Tensor]:
        """[n_in, n_out] of each degree."""
        return list(self.weight.unbind(0))


def _map(field: Field, function: Callable[[Tensor], Tensor]) -> Field:
    return Field(function(field.zero), tuple(function(pair) for pair in field.pairs))


def _scalar_path(scalars: Tensor) -> Tensor:
    """silu(left) * right of the two halves of [N, F, 2 C]."""
    left, right = scalars.chunk(2, -1)
    return nn.functional.silu(left) * right
