"""Products of two inputs with fewer weights (sezm.md 5.2-9).

Both inputs are expanded to frames by E_l,k and mixed by P_left or P_right for the product; each is
one layer (:mod:`.fields`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..descriptor import SeZMDescriptor
from ..grid_net import CrossGridNet
from .constants import exact, replace
from .fields import FeatureLayer, FieldLayer
from .grid_units import cross_unit


class FoldedCrossGridNet(nn.Module):
    """In place of :class:`CrossGridNet` on SO(3), of any options."""

    def __init__(self, plain: CrossGridNet) -> None:
        super().__init__()
        expand = plain.frame_expand.weight
        by_frame = exact(expand).unflatten(2, (plain.frames, -1))
        left, right = plain.project(by_frame, by_frame)
        self.left = FieldLayer(left, expand, mmax=plain.mmax)
        self.right = FieldLayer(right, expand, mmax=plain.mmax)
        contract = plain.frame_contract.weight
        self.contract = FeatureLayer(contract, plain.frames, plain.n_focus, plain.mmax)
        self.net, self.residual_scale = plain, plain.residual_scale

    def forward(self, query: Tensor, context: Tensor) -> Tensor:
        """[N, rows, F, C] of two inputs -> [N, rows, F, C]."""
        scalars = torch.cat([query[:, 0], context[:, 0]], -1)
        product = self.net.multiply(self.left(query), self.right(context), scalars)
        return self.contract(product) * self.residual_scale


def simplify_grid_products(descriptor: SeZMDescriptor) -> None:
    """Those on SO(3), of messages and of atoms; on the sphere there is nothing to fold."""

    def simplified(plain: CrossGridNet) -> nn.Module:
        if plain.on_sphere:
            return plain
        return cross_unit(plain) or FoldedCrossGridNet(plain)

    replace(descriptor, CrossGridNet, simplified)
