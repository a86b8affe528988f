"""Gated grid products as one operator (:mod:`..grid_units`), where their options allow."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...whole_operators import CHANNEL_BLOCK
from ..ffn import EquivariantFFN
from ..grid_net import CrossGridNet, GridNet
from ..grid_unit_operators import united
from ..grid_units import GridUnitLayout, GridUnitWeights, grid_unit_scalars, named_weights
from .constants import exact, rounded


class GridUnit(nn.Module):
    """The constants of a unit.

    Args:
        net: its product.
        n_inputs: 1 or 2.
        scalars: [C, 2 H] or None, see :class:`..grid_units.GridUnitWeights`.
        left, right: [L+1, C, frames, P] float64, layers before the product.
        second: [L+1, frames, H, C] float64, the layer behind it.
    """

    def __init__(
        self,
        net: GridNet,
        n_inputs: int,
        scalars: Tensor | None,
        left: Tensor,
        right: Tensor,
        second: Tensor,
    ) -> None:
        super().__init__()
        like, product = net.scalar_gate.weight, net.product
        self.layout = GridUnitLayout(n_inputs, len(left) - 1, net.frames // 2)
        names = ["zero", *(f"pair_{k}" for k in range(1, self.layout.kmax + 1))]

        def kept(tensors: Sequence[Tensor]) -> list[Tensor]:
            return [rounded(tensor, like) for tensor in tensors]

        weights = GridUnitWeights(
            scalars=None if scalars is None else rounded(scalars, like),
            left=kept(_by_frames(left.transpose(1, 2))),
            right=kept(_by_frames(right.transpose(1, 2))),
            to_grid=kept([getattr(product, f"{name}_to_grid") for name in names]),
            from_grid=kept([getattr(product, f"{name}_from_grid") for name in names]),
            gate=like,
            second=kept(_by_frames(second)),
            mixing=None if net.op == "glu" else net.grid_op.out_proj.weight,
        )
        self.weights = nn.ParameterList(weights.listed())
        self.register_buffer("scale", product.zero_scalar[:, 0], persistent=False)

    def forward(self, *features: Tensor) -> Tensor:
        """[N, D, 1, C] of each input -> [N, D, 1, C]."""
        y = united([x.squeeze(2) for x in features], list(self.weights), self.layout)
        return y.unsqueeze(2)

    def scalars(self, x: Tensor) -> Tensor:
        """Only the l = 0 row of :meth:`forward`, of one input: [N, 1, 1, C]."""
        weights = named_weights(list(self.weights), self.layout)
        return grid_unit_scalars(x.squeeze(2), weights, self.scale)[:, None, None]


def _by_frames(weight: Tensor) -> list[Tensor]:
    """[L+1, frames, I, O] -> [L+1, I, O] and, for k = 1 .. K, [L+1-k, 2, I, O]."""
    pairs = [weight[k:, 2 * k - 1 : 2 * k + 1] for k in range(1, weight.shape[1] // 2 + 1)]
    return [weight[:, 0], *pairs]


def feed_forward_unit(plain: EquivariantFFN) -> GridUnit | None:
    """In place of a unit with a grid product; None if it has options that the operator lacks."""
    first, net = plain.so3_linear_1, plain.act
    if first.bias is not None or not _is_covered(net, first.weight):
        return None
    frames, hidden = plain.frames, plain.hidden_channels
    weight = exact(first.weight).unflatten(2, (2, frames, hidden))
    left, right = net.project(weight[:, :, 0], weight[:, :, 1])
    scalars = weight[0, :, :, 0].flatten(1)  # [C, 2 hidden]
    second = exact(plain.so3_linear_2.weight).unflatten(1, (frames, hidden))
    return GridUnit(net, 1, scalars, left, right, second)


def cross_unit(plain: CrossGridNet) -> GridUnit | None:
    """In place of a product of two inputs on SO(3); None as in :func:`feed_forward_unit`."""
    expand = plain.frame_expand.weight
    if plain.mmax is not None or not _is_covered(plain, expand):
        return None
    by_frame = exact(expand).unflatten(2, (plain.frames, -1))
    left, right = plain.project(by_frame, by_frame)
    contract = exact(plain.frame_contract.weight) * exact(plain.residual_scale)
    return GridUnit(plain, 2, None, left, right, contract.unflatten(1, (plain.frames, -1)))


def _is_covered(net: GridNet, first: Tensor) -> bool:
    """Whether the operator computes products with these options; ``first`` [L+1, C, ...]."""
    degrees, channels = first.shape[:2]
    return (
        degrees > 1
        and net.n_focus == 1
        and net.n_branches == 1
        and net.channels % CHANNEL_BLOCK == channels % CHANNEL_BLOCK == 0
        and net.scalar_gate.bias is None
    )
