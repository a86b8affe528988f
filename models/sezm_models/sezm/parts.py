"""Options of the model's parts, from those of the training input (sezm.md 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .config import SeZMConfig
from .config_checks import cartesian_option


def glu_width(width: int) -> int:
    """8/3 of a width, rounded up to a multiple of 32: hidden width of gated units (sezm.md 2.2)."""
    return 32 * -(-8 * width // (3 * 32))


def degree_floor(config: SeZMConfig) -> float:
    """What is added to an atom's sum of squared envelopes."""
    return 0.25 if config.version >= 1.1 else config.descriptor["eps"]


def block_options(config: SeZMConfig, index: int) -> dict[str, Any]:
    """Of :class:`SeZMInteractionBlock`."""
    options = config.descriptor
    lmax = config.degrees[index]
    return {
        "lmax": lmax,
        "node_lmax": lmax + options["extra_node_l"],
        "channels": options["channels"],
        "sandwich_norm": tuple(options["sandwich_norm"]),
        "edge_norm": options["edge_norm"],
        "ffn_blocks": options["ffn_blocks"],
        "layer_scale": options["layer_scale"],
        "convolution": _convolution_options(config, index),
        "ffn": _ffn_options(options, lmax),
        "attn_res": residual_options(options),
    }


def residual_options(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of :class:`AttentionResiduals`, but for its sizes; None for plain residuals."""
    for option, per_block in (("full_attn_res", False), ("block_attn_res", True)):
        if options[option] != "none":
            return {
                "mode": options[option],
                "per_block": per_block,
                "eps": options["eps"],
                "bias": options["mlp_bias"],
            }
    return None


def readout_options(config: SeZMConfig) -> dict[str, Any]:
    """Of the read-out's :class:`EquivariantFFN`: on scalars alone, or an SO(3) product."""
    options = config.descriptor
    mode = options["so3_readout"]
    return {
        "lmax": 0 if mode == "none" else config.final_degree,
        "channels": options["channels"],
        "hidden_channels": _ffn_width(options, options["glu_activation"]),
        "kmax": min(options["kmax"], config.final_degree),
        "grid_mlp": mode == "mlp",
        "ffn_so3_grid": mode != "none",
        "activation_function": options["activation_function"],
        "glu_activation": options["glu_activation"],
        "mlp_bias": options["mlp_bias"],
    }


def _convolution_options(config: SeZMConfig, index: int) -> dict[str, Any]:
    options = config.descriptor
    node_wise_mlp, node_wise_branch = _grid_options(options, 0)
    message_mlp, message_branch = _grid_options(options, 1)
    same_name = (
        "n_focus focus_dim so2_norm mixing_layers so2_attn_res layer_scale n_atten_head "
        "atten_f_mix atten_v_proj atten_o_proj node_wise_s2 node_wise_so3 message_node_s2 "
        "message_node_so3 mlp_bias radial_so2_mode radial_so2_rank edge_cartesian eps"
    ).split()
    grid_activation = options["s2_activation"][0]
    return {name: options[name] for name in same_name} | {
        "mmax": config.orders[index],
        "kmax": min(options["kmax"], config.degrees[index]),
        "focus_norm": options["edge_norm"],
        "s2_activation": grid_activation,
        "activation_function": "silu" if grid_activation else options["activation_function"],
        "node_wise_grid_mlp": node_wise_mlp,
        "node_wise_grid_branch": node_wise_branch,
        "message_node_grid_mlp": message_mlp,
        "message_node_grid_branch": message_branch,
        "node_cartesian": cartesian_option(options["node_cartesian"]),
        "degree_floor": degree_floor(config),
    }


def _ffn_options(options: Mapping[str, Any], lmax: int) -> dict[str, Any]:
    mlp, branch = _grid_options(options, 2)
    uses_grid = options["ffn_so3_grid"] or options["s2_activation"][1]
    return {
        "hidden_channels": _ffn_width(options, uses_grid or options["glu_activation"]),
        "kmax": min(options["kmax"], lmax),
        "grid_mlp": mlp,
        "grid_branch": branch,
        "s2_activation": options["s2_activation"][1],
        "ffn_so3_grid": options["ffn_so3_grid"],
        "activation_function": options["activation_function"],
        "glu_activation": options["glu_activation"],
        "mlp_bias": options["mlp_bias"],
    }


def _ffn_width(options: Mapping[str, Any], glu: bool) -> int:
    """Hidden width of feed-forward units."""
    if options["ffn_neurons"] > 0:
        return options["ffn_neurons"]
    channels = options["channels"]
    return glu_width(channels) if glu else 32 * -(-4 * channels // 32)


def _grid_options(options: Mapping[str, Any], place: int) -> tuple[bool, int]:
    """(grid_mlp, grid_branch) of one place: 0 node_wise, 1 message_node, 2 ffn."""
    return bool(_triple(options["grid_mlp"])[place]), int(_triple(options["grid_branch"])[place])


def _triple(value: Any) -> list[Any]:
    """Options that may be one value or one each for (node_wise, message_node, ffn)."""
    return list(value) if isinstance(value, (list, tuple)) else [value] * 3
