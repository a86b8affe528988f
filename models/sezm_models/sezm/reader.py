"""From a DeePMD-kit checkpoint to a SeZM model (sezm.md 1)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..checkpoint_file import load_checkpoint_file
from ..elements import ATOMIC_NUMBERS
from ..errors import CheckpointError
from .config import parse_config
from .deepspin import DeepSpinSeZM
from .model import SeZM

NEWEST_VERSION = 1.2

MODULE_TO_KEY = (
    # (pattern in our parameter names, replacement in the checkpoint's keys)
    (r"\.message\.(linears|activations)\.", r".edge_cartesian_tp.\1."),
    (r"\.(aggregation|message(\.mixing)?)\.", "."),
    (r"\b(full|block)_attn_res\.(so2|ffns)\b", r"\1_attn_res_\2"),
    (r"\bcompetition\.norm\b", "focus_compete_norm"),
    (r"\bcompetition\.bias\b", "focus_compete_bias"),
    (r"\bcompetition\.w\b", "adamw_focus_compete_w"),
    (r"\battn\.(qk_norm|q_proj|k_proj|output_gate_norm)\b", r"attn_\1"),
    (r"\battn\.(logit_w|gate_w|z_bias_raw)\b", r"adamw_attn_\1"),
    (r"^fitting\.", "fitting_net.filter_layers.networks.0."),
    (r"^fitting_inputs\.", "fitting_net."),
)

DERIVABLE = re.compile(
    r"^(out_std|out_bias|dens_force_rmsd|fitting_net\.bias_atom_e"
    r"|fitting_net\.aparam_(avg|inv_std))$"
)
"""Keys outside the descriptor that are read elsewhere, or have no effect on supported models."""

LORA = re.compile(r"\.(A_by_l|B_by_l|A_m0|B_m0|A_m\.\d+|B_m\.\d+)$")


def is_sezm_checkpoint(content: Mapping[str, Any]) -> bool:
    """Whether a checkpoint's dictionary is one of DeePMD-kit with a SeZM/DPA4 model."""
    state = content.get("model", content)
    if not isinstance(state, Mapping):
        return False
    extra = state.get("_extra_state")
    return isinstance(extra, Mapping) and "model_params" in extra


def read_checkpoint(
    path: str | Path, dtype: torch.dtype | None = None, head: str | None = None
) -> SeZM | DeepSpinSeZM:
    """A model ready to evaluate.

    Args:
        path: checkpoint in the trainer's layout, or a bare state dict.
        dtype: evaluate in this precision; the trained one if None.
        head: branch of a multitask checkpoint.

    Raises:
        CheckpointError: with the key, option or head in question, what was found and what was
            expected.
    """
    return model_from_checkpoint(load_checkpoint_file(path), dtype, head, str(path))


def model_from_checkpoint(
    content: Mapping[str, Any], dtype: torch.dtype | None, head: str | None, path: str
) -> SeZM | DeepSpinSeZM:
    """As :func:`read_checkpoint`, from the dictionary of the file named ``path`` in errors."""
    state = content.get("model", content)
    if not is_sezm_checkpoint(content):
        raise CheckpointError(
            f"{path}: no '_extra_state' with 'model_params'; only checkpoints of DeePMD-kit's "
            "PyTorch trainer with a DPA4/SeZM model can be read"
        )
    params, branch = _select_branch(state["_extra_state"]["model_params"], head, path)
    weights = _branch_weights(state, branch, path)
    try:
        config = parse_config(params, _version(weights))
        _check_elements(config.type_map)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    if config.has_virtual_atoms:
        with_partners = DeepSpinSeZM(config, dtype)
        _load_weights(with_partners.nodes, weights, path)
        return with_partners.eval()
    model = SeZM(config, dtype)
    _load_weights(model, weights, path)
    return model.eval()


def _select_branch(
    params: Mapping[str, Any], head: str | None, path: str
) -> tuple[Mapping[str, Any], str]:
    """Parameters and key of the wanted branch (sezm.md 1.2)."""
    branches = params.get("model_dict")
    if branches is None:
        if head is not None and head.lower() != "default":
            raise CheckpointError(
                f"{path}: head {head!r} asked for, but this is a single-task checkpoint; "
                "leave --head out"
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
        raise CheckpointError(f"{path}: {asked}; choose --head from: {', '.join(sorted(branches))}")
    return branches[names[wanted]], names[wanted]


def _branch_weights(state: Mapping[str, Any], branch: str, path: str) -> dict[str, Tensor]:
    """Tensors of one branch, by key below its ``atomic_model.``."""
    prefix = f"model.{branch}.atomic_model."
    weights = {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix) and isinstance(value, Tensor)
    }
    if not weights:
        raise CheckpointError(
            f"{path}: no keys begin with {prefix!r}; the file holds no such model"
        )
    return weights


def _version(weights: Mapping[str, Tensor]) -> float:
    version = float(weights.get("descriptor.version_tensor", torch.tensor(1.0)))
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


def _load_weights(model: SeZM, weights: dict[str, Tensor], path: str) -> None:
    """Copy every parameter, strictly; the model's dtype wins over the file's."""
    lora = next((key for key in weights if LORA.search(key)), None)
    if lora is not None:
        raise CheckpointError(
            f"{path}: LoRA adapter {lora!r} is not supported yet; export a merged model"
        )
    used = set()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            key = _checkpoint_key(name)
            parameter.copy_(_weight(weights, key, tuple(parameter.shape), path))
            used.add(key)
        _update_spin_scale(model)
        n_types = len(model.elements)
        bias = _weight(weights, "out_bias", None, path)
        if bias.ndim != 3 or tuple(bias.shape[1:]) != (n_types, 1):
            raise CheckpointError(
                f"{path}: key 'out_bias' has shape {list(bias.shape)}, expected [*, {n_types}, 1]"
            )
        model.energy_bias[:n_types] = bias[0, :, 0].double()
        fitting_bias = _weight(weights, "fitting_net.bias_atom_e", (n_types, 1), path)
        model.energy_bias[:n_types] += fitting_bias[:, 0].double()
    _report_unknown(set(weights) - used, path)


def _update_spin_scale(model: SeZM) -> None:
    """Version 1.1 scaled both factors of the moments of spins, later ones the product.

    (Where no type is magnetic, nothing that later versions set to zero has any effect here.)
    """
    if model.config.native_spin is None or not 1.1 <= model.config.version < 1.2:
        return
    if model.descriptor.uses_env_seed:
        model.descriptor.env_seed_embedding.spin_scale.square_()


def _weight(
    weights: Mapping[str, Tensor], key: str, shape: tuple[int, ...] | None, path: str
) -> Tensor:
    if key not in weights:
        expected = "" if shape is None else f" of shape {list(shape)}"
        raise CheckpointError(f"{path}: key {key!r}{expected} is missing")
    found = weights[key]
    if shape is not None and tuple(found.shape) != shape:
        raise CheckpointError(
            f"{path}: key {key!r} has shape {list(found.shape)}, expected {list(shape)}"
        )
    if not bool(torch.isfinite(found).all()):
        raise CheckpointError(f"{path}: key {key!r} holds values that are not finite")
    return found


def _checkpoint_key(name: str) -> str:
    for pattern, replacement in MODULE_TO_KEY:
        name = re.sub(pattern, replacement, name)
    return name


def _report_unknown(keys: set[str], path: str) -> None:
    """Unknown keys of the descriptor are tolerated, as the trainer does; others deserve a word."""
    strange = sorted(
        key for key in keys if not key.startswith("descriptor.") and not DERIVABLE.match(key)
    )
    if strange:
        warnings.warn(
            f"{path}: {len(strange)} keys are not used, first {strange[0]!r}", stacklevel=2
        )
