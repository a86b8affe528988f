"""Exact simplifications of a model: the same numbers to round-off, far fewer operations.

A model evaluates plainly as it is read, as sezm.md section 3 states it. Each module here replaces
some of its parts by cheaper ones and states the identity that makes them equal. Products of weights
are formed in float64 and rounded once.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

from ..descriptor import SeZMDescriptor
from .aggregation import sum_messages_first
from .edge_stage import join_edge_stages
from .feed_forward import simplify_feed_forward
from .grid_product import simplify_grid_products
from .initial_features import sum_before_linear_layers
from .kernel_rotation import multiply_kernels_into_rotations
from .radial import drop_last_layer, fold_radial_maps
from .so2_layers import simplify_so2_layers

__all__ = ["simplify"]

Model = TypeVar("Model", bound=nn.Module)


def simplify(model: Model) -> Model:
    """A model of the same numbers that takes fewer operations; ``model`` itself stays as it is.

    Its attribute ``trained_parameters`` is the number of parameters that the checkpoint had.
    """
    if hasattr(model, "trained_parameters"):
        return model  # simplified already
    simplified = copy.deepcopy(model)
    simplified.trained_parameters = sum(p.numel() for p in model.parameters())
    with torch.no_grad():
        for part in list(simplified.modules()):
            if isinstance(part, SeZMDescriptor):
                _simplify_descriptor(part)
    return simplified


def _simplify_descriptor(descriptor: SeZMDescriptor) -> None:
    sum_messages_first(descriptor)
    join_edge_stages(descriptor)
    multiply_kernels_into_rotations(descriptor)
    fold_radial_maps(descriptor)
    sum_before_linear_layers(descriptor)
    drop_last_layer(descriptor)
    simplify_so2_layers(descriptor)
    simplify_grid_products(descriptor)
    simplify_feed_forward(descriptor)
