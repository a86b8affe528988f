"""From a DeePMD-kit checkpoint to a SeZM model (sezm.md 1)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..checkpoint_file import load_checkpoint_file
from ..elements import ATOMIC_NUMBERS
from ..errors import CheckpointError
from .config import parse_config
from .deepspin import DeepSpinSeZM
from .ema import averaged_weights
from .heads import Head, SeZMModel, head_of
from .lora import fold_adapters
from .neutral_form import from_neutral_form, is_neutral_form
from .parameter_names import is_parameter

NEWEST_VERSION = 1.2

MODULE_TO_KEY = (
    # (pattern in our parameter names, replacement in the checkpoint's keys)
    (r"\.message\.(linears|activations)\.", r".edge_cartesian_tp.\1."),
    (r"\.(aggregation|message(\.(mixing|source))?|neighbors)\.", "."),
    (r"\b(radial_degree_mixer)\.kernels\.", r"\1."),
    (r"\battn\.radial_logits\.", "attn."),
    (r"\b(full|block)_attn_res\.(so2|ffns)\b", r"\1_attn_res_\2"),
    (r"\bcompetition\.norm\b", "focus_compete_norm"),
    (r"\bcompetition\.bias\b", "focus_compete_bias"),
    (r"\bcompetition\.w\b", "adamw_focus_compete_w"),
    (r"\battn\.(qk_norm|q_proj|k_proj|output_gate_norm)\b", r"attn_\1"),
    (r"\battn\.(logit_w|gate_w|z_bias_raw)\b", r"adamw_attn_\1"),
    (r"^fitting\.", "fitting_net.filter_layers.networks.0."),
    (r"^fitting_inputs\.", "fitting_net."),
    (r"^direct_force_head\.", "dens_fitting_net.direct_force_head."),
)

DERIVABLE = re.compile(
    r"^(out_std|out_bias|dens_force_rmsd|(fitting_net|dens_fitting_net\.energy_head)\."
    r"(bias_atom_e|aparam_(avg|inv_std)))$"
)
"""Keys outside the descriptor that are read elsewhere, or have no effect on supported models."""

OF_OTHER_HEADS = re.compile(
    r"^(dens_fitting_net|descriptor\.force_embedding|fitting_net\.filter_layers\._networks)\."
)
"""Parameters that an energy model may carry along: of another head, or of a second copy."""


def is_sezm_checkpoint(content: Mapping[str, Any]) -> bool:
    """Whether a checkpoint's dictionary is one of DeePMD-kit with a SeZM/DPA4 model."""
    if is_neutral_form(content):
        return True
    state = content.get("model", content)
    if not isinstance(state, Mapping):
        return False
    extra = state.get("_extra_state")
    return isinstance(extra, Mapping) and isinstance(extra.get("model_params"), Mapping)


def read_checkpoint(
    path: str | Path,
    dtype: torch.dtype | None = None,
    head: str | None = None,
    ema: bool = False,
) -> SeZMModel | DeepSpinSeZM:
    """A model ready to evaluate.

    Args:
        path: checkpoint in the trainer's layout, a bare state dict, or a backend-neutral file
            (.dp); LoRA adapters are folded into the weights.
        dtype: evaluate in this precision; the trained one if None, and float32 if that is half
            precision.
        head: branch of a multitask checkpoint.
        ema: take the averaged weights that the checkpoint carries beside its own.

    Raises:
        CheckpointError: with the key, option or head in question, what was found and what was
            expected.
    """
    return model_from_checkpoint(load_checkpoint_file(path), dtype, head, str(path), ema)


def checkpoint_heads(path: str | Path) -> tuple[str, ...]:
    """Names of the heads of a multitask checkpoint; none of a single-task one.

    Raises:
        CheckpointError: not a file of the trainer.
    """
    content = load_checkpoint_file(path)
    if not is_sezm_checkpoint(content) or is_neutral_form(content):
        return ()
    params = content.get("model", content)["_extra_state"]["model_params"]
    return tuple(params.get("model_dict", ()))


def model_from_checkpoint(
    content: Mapping[str, Any],
    dtype: torch.dtype | None,
    head: str | None,
    path: str,
    ema: bool = False,
) -> SeZMModel | DeepSpinSeZM:
    """As :func:`read_checkpoint`, from the dictionary of the file named ``path`` in errors."""
    try:
        params, weights = _stored_model(content, head, ema)
        weights = fold_adapters(weights)
        has_dens_head = any(key.startswith("dens_fitting_net.") for key in weights)
        config = parse_config(params, _version(weights), has_dens_head, ema)
        _check_elements(config.type_map)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    if config.has_virtual_atoms:
        with_partners = DeepSpinSeZM(config, dtype)
        _load_weights(with_partners.nodes, weights, path)
        return with_partners.eval()
    model = head_of(config).model(config, dtype)
    _load_weights(model, weights, path)
    return model.eval()


def _stored_model(
    content: Mapping[str, Any], head: str | None, ema: bool
) -> tuple[Mapping[str, Any], dict[str, Tensor]]:
    """Options of the model section and weights, by key below ``atomic_model.``."""
    if is_neutral_form(content):
        all_params, weights = from_neutral_form(content["model"])
        params, branch = _select_branch(all_params, head)
    elif is_sezm_checkpoint(content):
        state = content.get("model", content)
        all_params = state["_extra_state"]["model_params"]
        params, branch = _select_branch(all_params, head)
        weights = _branch_weights(state, branch)
    else:
        raise CheckpointError(
            "no '_extra_state' with 'model_params'; only checkpoints of DeePMD-kit's PyTorch "
            "trainer with a DPA4/SeZM model can be read, and .dp files made from them"
        )
    if ema:
        prefix = f"{branch}.atomic_model." if "model_dict" in all_params else "atomic_model."
        weights = averaged_weights(weights, content, prefix)
    return params, weights


def _select_branch(params: Mapping[str, Any], head: str | None) -> tuple[Mapping[str, Any], str]:
    """Parameters and key of the wanted branch (sezm.md 1.2)."""
    branches = params.get("model_dict")
    if branches is None:
        if head is not None and head.lower() != "default":
            raise CheckpointError(
                f"head {head!r} asked for, but this is a single-task checkpoint; leave --head out"
            )
        return params, "Default"
    names = {}
    for name, branch in branches.items():
        for alias in branch.get("model_branch_alias") or []:
            names[alias.lower()] = name
    names |= {name.lower(): name for name in branches}
    wanted = "default" if head is None else head.lower()
    if wanted not in names:
        asked = "no head was given" if head is None else f"head {head!r} does not exist"
        raise CheckpointError(f"{asked}; choose --head from: {', '.join(sorted(branches))}")
    return branches[names[wanted]], names[wanted]


def _branch_weights(state: Mapping[str, Any], branch: str) -> dict[str, Tensor]:
    """Tensors of one branch, by key below its ``atomic_model.``."""
    prefix = f"model.{branch}.atomic_model."
    weights = {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix) and isinstance(value, Tensor)
    }
    if not weights:
        raise CheckpointError(f"no keys begin with {prefix!r}; the file holds no such model")
    return weights


def _version(weights: Mapping[str, Tensor]) -> float:
    stored = weights.get("descriptor.version_tensor", torch.tensor(1.0))
    if stored.numel() != 1 or not bool(torch.isfinite(stored).all()):
        raise CheckpointError(
            f"key 'descriptor.version_tensor' holds {stored.tolist()}, expected one number; get a "
            "good copy of the checkpoint"
        )
    version = float(stored)
    if version > NEWEST_VERSION + 1e-6:
        raise CheckpointError(
            f"descriptor version {version:g} is newer than {NEWEST_VERSION}, the newest that this "
            "sezm-infer knows; update sezm-infer"
        )
    return round(version, 6)


def _check_elements(type_map: tuple[str, ...]) -> None:
    for name in type_map:
        if name not in ATOMIC_NUMBERS:
            raise CheckpointError(
                f"type_map entry {name!r} is not a chemical symbol; rename the types to elements"
            )
    if len(set(type_map)) != len(type_map):
        raise CheckpointError(f"type_map {list(type_map)} names an element twice")


def _load_weights(model: SeZMModel, weights: dict[str, Tensor], path: str) -> None:
    """Copy every parameter, strictly; the model's dtype wins over the file's."""
    head, used = head_of(model.config), set()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            key = _checkpoint_key(name, head)
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
    found = weights[key]
    fits = [size in (None, n) for n, size in zip(found.shape, shape, strict=False)]
    if found.ndim != len(shape) or not all(fits):
        raise CheckpointError(
            f"{path}: key {key!r} has shape {list(found.shape)}, expected {expected}"
        )
    if not bool(torch.isfinite(found).all()):
        raise CheckpointError(f"{path}: key {key!r} holds values that are not finite")
    return found


def _checkpoint_key(name: str, head: Head) -> str:
    for pattern, replacement in MODULE_TO_KEY:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"^fitting_net\.", head.network, name)


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
