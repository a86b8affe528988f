"""Other ways to store a model: each takes a checkpoint and gives one that DeePMD-kit reads as well.

``record_variants.py`` records what DeePMD-kit computes for them, and the records (``.dp`` files,
``serialize()``) that it writes for others.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import torch
from random_checkpoint import build_checkpoint, standard_draws

Checkpoint = dict[str, Any]

SO3_WEIGHT = re.compile(r"\.(pre_focus_mix|post_focus_mix|so3_linear_[12])\.weight$")
SO2_WEIGHT = re.compile(r"\.so2_linears\.\d+\.weight_m(0|\.\d+)$")

HALF = re.compile(
    r"\.so2_conv\.(pre_focus_mix|post_focus_mix|so2_linears\.\d+|radial_degree_mixer)\.\w+"
    r"|\.blocks\.\d+\.ffns\.\d+\.so3_linear_[12]\.\w+"
    r"|\.fitting_net\.filter_layers\.|\.descriptor\.(mean|stddev)$"
)
"""Entries that a model of half precision stores in it; all others are float32."""


def model_params(checkpoint: Checkpoint) -> dict[str, Any]:
    """Options of the model."""
    return checkpoint["model"]["_extra_state"]["model_params"]


def with_adapters(checkpoint: Checkpoint, rank: int = 2, alpha: float = 3.0) -> Checkpoint:
    """LoRA adapters on every SO3Linear and SO2Linear, as a checkpoint in training has them."""
    state = checkpoint["model"]
    model_params(checkpoint)["lora"] = {"rank": rank, "alpha": alpha}

    def add(key: str, like: torch.Tensor, *shape: int) -> None:
        values = standard_draws("adapters", key, torch.Size(shape).numel()).reshape(shape)
        state[key] = torch.from_numpy(0.1 * values).to(torch.float32).to(like.dtype)

    for key, weight in list(state.items()):
        prefix = key.rpartition(".weight")[0]
        if SO3_WEIGHT.search(key):
            degrees, n_in, n_out = weight.shape
            add(f"{prefix}.A_by_l", weight, degrees, rank, n_in)
            add(f"{prefix}.B_by_l", weight, degrees, n_out, rank)
        elif SO2_WEIGHT.search(key):
            order = key.rpartition(".weight_")[2]
            add(f"{prefix}.A_{order}", weight, rank, weight.shape[0])
            add(f"{prefix}.B_{order}", weight, weight.shape[1], rank)
        else:
            continue
        state[f"{prefix}.lora_scaling"] = torch.tensor(alpha / rank, dtype=weight.dtype)
    return checkpoint


def in_half_precision(checkpoint: Checkpoint, precision: str) -> Checkpoint:
    """Descriptor and fitting net in "float16" or "bfloat16".

    Of a float64 checkpoint: the same rounded values, promoted to float64.
    """
    params, state = model_params(checkpoint), checkpoint["model"]
    is_exact = params["descriptor"]["precision"] == "float64"
    if not is_exact:
        params["descriptor"]["precision"] = params["fitting_net"]["precision"] = precision
    for key, value in state.items():
        if key != "_extra_state" and HALF.search(key) and value.is_floating_point():
            rounded = value.to(getattr(torch, precision))
            state[key] = rounded.double() if is_exact else rounded
    return checkpoint


def with_linear_bridging(checkpoint: Checkpoint) -> Checkpoint:
    """ZBL bridging spelt as a sum of two models."""
    learned = copy.deepcopy(model_params(checkpoint))
    r_inner, r_outer = learned.pop("bridging_r_inner"), learned.pop("bridging_r_outer")
    learned.pop("bridging_method")
    outer = {"type": "linear_ener", "weights": "sum", "type_map": learned["type_map"]}
    for key in ("pair_exclude_types", "atom_exclude_types"):
        outer[key] = learned.pop(key)
    potential = {"type": "inner_potential", "mode": "zbl", "r_inner": r_inner, "r_outer": r_outer}
    checkpoint["model"]["_extra_state"]["model_params"] = {
        **outer,
        "models": [learned, potential],
    }
    return checkpoint


def with_so2_layers(checkpoint: Checkpoint) -> Checkpoint:
    """The other name of ``mixing_layers``, which wins over it."""
    descriptor = model_params(checkpoint)["descriptor"]
    descriptor["so2_layers"] = descriptor["mixing_layers"]
    descriptor["mixing_layers"] = 7
    return checkpoint


def with_preset_bias(checkpoint: Checkpoint) -> Checkpoint:
    """An option of the training statistics, whose outcome is in ``out_bias``."""
    params = model_params(checkpoint)
    params["preset_out_bias"] = {"energy": [-1.5] * len(params["type_map"])}
    return checkpoint


VARIANTS: dict[str, tuple[str, Callable[[Checkpoint], Checkpoint]]] = {
    # name: (configuration, what becomes of its checkpoint)
    "lora_mini": ("mini", with_adapters),
    "lora_all_biases": ("silut_all_biases", with_adapters),
    "tiny_float16": ("tiny", lambda c: in_half_precision(c, "float16")),
    "tiny_bfloat16": ("tiny", lambda c: in_half_precision(c, "bfloat16")),
    "heads_vo_float16": ("heads_vo", lambda c: in_half_precision(c, "float16")),
    "heads_vo_bfloat16": ("heads_vo", lambda c: in_half_precision(c, "bfloat16")),
    "zbl_linear": ("zbl", with_linear_bridging),
    "exclusions_zbl_linear": ("exclusions_zbl", with_linear_bridging),
    "so2_layers": ("tiny", with_so2_layers),
    "preset_bias": ("tiny", with_preset_bias),
}

VARIANT_SYSTEMS = ("molecule9", "skewed5", "dimer")


def build_variant(name: str, precision: str = "float32") -> Checkpoint:
    """The checkpoint of a variant; ``precision`` as in ``build_checkpoint``."""
    configuration, change = VARIANTS[name]
    return change(build_checkpoint(configuration, precision=precision))
