"""From the weights of a checkpoint to the parameters of a model (sezm.md 1.2)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from ..errors import CheckpointError
from ..stored_weights import require_dense
from .checkpoint_keys import checkpoint_key
from .heads import Head, SeZMModel, head_of
from .parameter_names import is_parameter

DERIVABLE = re.compile(
    r"^(out_std|out_bias|dens_force_rmsd|(fitting_net|dens_fitting_net\.energy_head)\."
    r"(bias_atom_e|aparam_(avg|inv_std)))$"
)
"""Keys outside the descriptor that are read elsewhere, or have no effect on supported models."""


def load_weights(model: SeZMModel, weights: Mapping[str, Tensor], path: str) -> None:
    """Copy every parameter, strictly; the model's dtype wins over the file's.

    Args:
        model: with parameters of any values.
        weights: by key below ``atomic_model.``.
        path: of the checkpoint, for errors.

    Raises:
        CheckpointError: a weight is missing, of another shape, no array of finite floating-point
            numbers, or has no place in the model.
    """
    head, used = head_of(model.config), set()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            key = checkpoint_key(name, head.network)
            parameter.copy_(_weight(weights, path, key, tuple(parameter.shape)))
            used.add(key)
        _update_spin_scale(model)
        head.load_statistics(model, partial(_weight, weights, path))
    _report_unused({key: weights[key] for key in weights if key not in used}, head, path)


def _update_spin_scale(model: SeZMModel) -> None:
    """Version 1.1 scaled both factors of the moments of spins, later ones the product.

    (Where no type is magnetic, nothing that later versions set to zero has any effect here.)
    """
    if model.config.native_spin is None or not 1.1 <= model.config.version < 1.2:
        return
    if model.descriptor.uses_env_seed:
        model.descriptor.env_seed_embedding.spin_scale.square_()


def _weight(
    weights: Mapping[str, Tensor], path: str, key: str, shape: tuple[int | None, ...]
) -> Tensor:
    """The checked tensor of a key; a size of None fits any."""
    expected = "[" + ", ".join("*" if size is None else str(size) for size in shape) + "]"
    if key not in weights:
        raise CheckpointError(f"{path}: key {key!r} of shape {expected} is missing")
    found = _dense(weights[key], key, path)
    fits = [size in (None, n) for n, size in zip(found.shape, shape, strict=False)]
    if found.ndim != len(shape) or not all(fits):
        raise CheckpointError(
            f"{path}: key {key!r} has shape {list(found.shape)}, expected {expected}"
        )
    if not bool(torch.isfinite(found).all()):
        raise CheckpointError(f"{path}: key {key!r} holds values that are not finite")
    return found


def _dense(weight: Tensor, key: str, path: str) -> Tensor:
    try:
        return require_dense(key, weight)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _report_unused(unused: Mapping[str, Tensor], head: Head, path: str) -> None:
    """Refuse parameters that the options leave no place for.

    Tables under the descriptor are tolerated, as the trainer does: releases differ in what they
    store. Others deserve a word.
    """
    others = {key: value for key, value in unused.items() if not re.match(head.unused, key)}
    parameters = [key for key in others if is_parameter(key)]
    if parameters:
        key = min(parameters)
        raise CheckpointError(
            f"{path}: {len(parameters)} parameters have no place in the model that its options "
            f"describe, first {key!r} of shape {list(unused[key].shape)}; options and weights do "
            "not belong together, get a good copy of the checkpoint"
        )
    strange = sorted(
        key for key in others if not key.startswith("descriptor.") and not DERIVABLE.match(key)
    )
    if strange:
        warnings.warn(
            f"{path}: {len(strange)} keys are not used, first {strange[0]!r}", stacklevel=2
        )
