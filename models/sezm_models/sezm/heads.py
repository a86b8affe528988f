"""The heads on top of the descriptor: model class, checkpoint keys and statistics of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from .checkpoint_keys import ORDINARY_HEAD
from .config import SeZMConfig
from .dens import SeZMDens
from .model import SeZM
from .property import SeZMProperty

DENS_ENERGY = "dens_fitting_net.energy_head."

SeZMModel = SeZM | SeZMDens | SeZMProperty

Weights = Callable[[str, tuple[int | None, ...]], Tensor]
"""Gives the tensor of a key after checking its values and its shape, where None is any size."""


class Head(NamedTuple):
    """One kind of head.

    Attributes:
        model: class of the models with it.
        network: how the checkpoint keys of its network begin.
        unused: pattern of the checkpoint keys that have no effect with it.
        load_statistics: fills the model's tables by type.
    """

    model: type[SeZMModel]
    network: str
    unused: str
    load_statistics: Callable[[SeZMModel, Weights], None]


def head_of(config: SeZMConfig) -> Head:
    """The head of a configuration's models."""
    return HEADS[config.head]


def _load_energy_statistics(model: SeZMModel, weights: Weights) -> None:
    """Atomic energies are e + bias; the scale has no part in them (sezm.md 3.11)."""
    n_types = len(model.elements)
    bias = weights("out_bias", (None, n_types, 1))[0].double()
    bias = bias + weights(ORDINARY_HEAD + "bias_atom_e", (n_types, 1)).double()
    model.energy_bias[:n_types] = bias[:, 0]


def _load_dens_statistics(model: SeZMModel, weights: Weights) -> None:
    """Atomic energies are e scale + bias; the forces have one scale (sezm.md 3.17)."""
    scale, bias = _scale_and_bias(weights, DENS_ENERGY, len(model.elements), 1)
    model.energy_scale[: len(scale)] = scale[:, 0]
    model.energy_bias[: len(bias)] = bias[:, 0]
    model.force_scale.copy_(weights("dens_force_rmsd", ()))


def _load_property_statistics(model: SeZMModel, weights: Weights) -> None:
    """Properties of atoms are p scale + bias (sezm.md 3.16)."""
    distinguish_types = model.config.fitting["distinguish_types"]
    scale, bias = _scale_and_bias(
        weights, ORDINARY_HEAD, len(model.elements), model.task_dim, distinguish_types
    )
    model.property_scale[: len(scale)] = scale
    model.property_bias[: len(bias)] = bias


def _scale_and_bias(
    weights: Weights, network: str, n_types: int, width: int, distinguish_types: bool = True
) -> tuple[Tensor, Tensor]:
    """Of the network's output, [T, width] each: (e + network's bias) scale + bias of the output."""
    scale = weights("out_std", (None, n_types, width))[0].double()
    bias = weights("out_bias", (None, n_types, width))[0].double()
    if not distinguish_types:
        scale, bias = scale[:1].expand(n_types, -1), bias[:1].expand(n_types, -1)
    network_bias = weights(network + "bias_atom_e", (n_types, width)).double()
    return scale, bias + scale * network_bias


HEADS = {
    "energy": Head(
        SeZM,
        ORDINARY_HEAD,
        r"(?!)",  # fits nothing: every key has an effect
        _load_energy_statistics,
    ),
    "dens": Head(
        SeZMDens,
        DENS_ENERGY,
        # The ordinary energy head, what the denoising training needs, and constants.
        r"fitting_net\.|dens_fitting_net\.(denoising_head|force_embedding)\."
        r"|dens_fitting_net\.direct_force_head\.(cartesian_scale|proj\.expand_index)$",
        _load_dens_statistics,
    ),
    "property": Head(
        SeZMProperty,
        ORDINARY_HEAD,
        r"fitting_net\.filter_layers\._networks\.",  # all networks, once more
        _load_property_statistics,
    ),
}
