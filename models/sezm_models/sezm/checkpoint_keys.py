"""How checkpoints call what our modules call otherwise."""

from __future__ import annotations

import re

ORDINARY_HEAD = "fitting_net."
"""How the keys of a fitting network begin, but for those of a dens head."""

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


def checkpoint_key(name: str, network: str = ORDINARY_HEAD) -> str:
    """Key, below ``atomic_model.``, of a parameter with this name.

    Args:
        name: as in ``model.named_parameters()``.
        network: how the keys of the head's network begin.
    """
    for pattern, replacement in MODULE_TO_KEY:
        name = re.sub(pattern, replacement, name)
    return name.replace(ORDINARY_HEAD, network, 1) if name.startswith(ORDINARY_HEAD) else name
