"""From a DeePMD-kit checkpoint to a SeZM model (sezm.md 1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..allowance import Allowance
from ..checkpoint_file import load_checkpoint_file
from ..checkpoint_head import CheckpointHead
from ..elements import ATOMIC_NUMBERS
from ..errors import CheckpointError
from ..stored_weights import require_dense, stored_numbers, weights_below
from .branches import DEFAULT, branches_of, default_branch, select_branch
from .config import SeZMConfig, head_kind, parse_config
from .deepspin import DeepSpinSeZM
from .ema import averaged_weights
from .heads import SeZMModel, head_of
from .load_weights import load_weights
from .lora import fold_adapters
from .neutral_form import from_neutral_form, is_neutral_form
from .option_types import check_names

NEWEST_VERSION = 1.2

DENS_HEAD = "dens_fitting_net."

SPARE_NUMBERS = 2_000_000
"""What a model may hold beside a few times the file's weights: its tables."""


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


def heads_of_content(content: Mapping[str, Any], path: str) -> tuple[CheckpointHead, ...]:
    """The heads of a multitask checkpoint; none of a single-task one.

    Raises:
        CheckpointError: its options are not those of a model; ``path`` is named.
    """
    if is_neutral_form(content):
        return ()
    state = content.get("model", content)
    try:
        branches = branches_of(state["_extra_state"]["model_params"])
        default = default_branch(branches)
        return tuple(
            CheckpointHead(name, _kind_of_branch(options, state, name), name == default)
            for name, options in branches.items()
        )
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _kind_of_branch(options: Mapping[str, Any], state: Mapping[str, Any], name: str) -> str:
    fitting = options.get("fitting_net")
    weights = weights_below(state, _prefix(name) + DENS_HEAD)
    return head_kind(fitting if isinstance(fitting, Mapping) else {}, bool(weights))


def model_from_checkpoint(
    content: Mapping[str, Any],
    dtype: torch.dtype | None,
    head: str | None,
    path: str,
    ema: bool = False,
) -> SeZMModel | DeepSpinSeZM:
    """As :func:`read_checkpoint`, from the dictionary of the file named ``path`` in errors."""
    try:
        params, weights, branch = _stored_model(content, head, ema)
        weights = fold_adapters(weights)
        has_dens_head = any(key.startswith(DENS_HEAD) for key in weights)
        config = parse_config(params, _version(weights), has_dens_head, ema, branch)
        _check_elements(config.type_map)
        model, part = _empty_model(config, dtype, weights)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    load_weights(part, weights, path)
    return model.eval()


def _empty_model(
    config: SeZMConfig, dtype: torch.dtype | None, weights: Mapping[str, Tensor]
) -> tuple[SeZMModel | DeepSpinSeZM, SeZMModel]:
    """A model, and the part of it that the weights belong to."""
    with Allowance(4 * stored_numbers(weights) + SPARE_NUMBERS):
        if config.has_virtual_atoms:
            with_partners = DeepSpinSeZM(config, dtype)
            return with_partners, with_partners.nodes
        model = head_of(config).model(config, dtype)
        return model, model


def _stored_model(
    content: Mapping[str, Any], head: str | None, ema: bool
) -> tuple[Mapping[str, Any], dict[str, Tensor], str | None]:
    """Options of the model section, weights by key below ``atomic_model.``, name of the branch."""
    if is_neutral_form(content):
        all_params, weights = from_neutral_form(content["model"])
        params, branch = select_branch(all_params, head)
    elif is_sezm_checkpoint(content):
        state = content.get("model", content)
        params, branch = select_branch(state["_extra_state"]["model_params"], head)
        prefix = _prefix(branch or DEFAULT)
        weights = weights_below(state, prefix)
        if not weights:
            raise CheckpointError(f"no keys begin with {prefix!r}; the file holds no such model")
    else:
        raise CheckpointError(
            "no '_extra_state' with 'model_params'; only checkpoints of DeePMD-kit's PyTorch "
            "trainer with a DPA4/SeZM model can be read, and .dp files made from them"
        )
    check_names("model", params)
    if ema:
        prefix = "atomic_model." if branch is None else f"{branch}.atomic_model."
        weights = averaged_weights(weights, content, prefix)
    return params, weights, branch


def _prefix(branch: str) -> str:
    """How the keys of a branch begin in a state dict."""
    return f"model.{branch}.atomic_model."


def _version(weights: Mapping[str, Tensor]) -> float:
    key = "descriptor.version_tensor"
    stored = require_dense(key, weights.get(key, torch.tensor(1.0)))
    if stored.numel() != 1 or not bool(torch.isfinite(stored).all()):
        found = stored.tolist() if stored.numel() == 1 else f"shape {list(stored.shape)}"
        raise CheckpointError(
            f"key {key!r} holds {found}, expected one number; get a good copy of the checkpoint"
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
