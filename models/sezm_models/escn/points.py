"""The network at the points of the sphere of each atom (escn.md, Blocks).

As an operator of files (:mod:`..whole_operators`) it is ``sezm::escn_points``, for which runtimes
may have kernels (``export/FORMAT.md``).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import linear, silu

from ..whole_operators import define


def escn_points(
    features: Tensor, to_grid: Tensor, weight: Tensor, from_grid: Tensor
) -> list[Tensor]:
    """From features to values at points, and back.

    Args:
        features: [A, D, C], D = (lmax+1)^2.
        to_grid: [G, D].
        weight: [C, C] of a linear layer between two SiLU.
        from_grid: [D, G].

    Returns:
        [A, D, C].
    """
    return [from_grid @ silu(linear(silu(to_grid @ features), weight))]


def _shapes(*args: Any) -> list[Tensor]:
    features: Tensor = args[0]
    return [features.new_empty(features.shape)]


define(
    "escn_points",
    "Tensor features, Tensor to_grid, Tensor weight, Tensor from_grid",
    escn_points,
    _shapes,
)
