"""The configuration of a SeZM model: options of the training input, defaults filled in (sezm.md 2).

Every option is either supported, or refused by name where its value would change the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import CheckpointError
from .bridging import BridgingWindow

DESCRIPTOR_DEFAULTS: dict[str, Any] = {
    "sel": 256,
    "rcut": 6.0,
    "env_exp": [7, 5],
    "channels": 64,
    "basis_type": "bessel",
    "n_radial": 16,
    "radial_mlp": [0],
    "edge_norm": True,
    "use_env_seed": True,
    "random_gamma": True,
    "edge_cartesian": False,
    "node_cartesian": "none",
    "lmax": 3,
    "l_schedule": None,
    "mmax": 1,
    "kmax": 1,
    "m_schedule": None,
    "extra_node_l": 0,
    "n_blocks": 3,
    "so2_norm": False,
    "mixing_layers": 4,
    "so2_attn_res": "none",
    "radial_so2_mode": "degree_channel",
    "radial_so2_rank": 1,
    "n_focus": 1,
    "focus_dim": 0,
    "n_atten_head": 1,
    "atten_f_mix": False,
    "atten_v_proj": False,
    "atten_o_proj": False,
    "ffn_neurons": 0,
    "grid_mlp": False,
    "grid_branch": 0,
    "ffn_blocks": 1,
    "sandwich_norm": [False, True, True, False],
    "mlp_bias": False,
    "layer_scale": False,
    "full_attn_res": "none",
    "block_attn_res": "none",
    "s2_activation": [False, True],
    "ffn_so3_grid": False,
    "node_wise_s2": False,
    "node_wise_so3": False,
    "message_node_s2": False,
    "message_node_so3": False,
    "so3_readout": "none",
    "readout_layers": 1,
    "lebedev_quadrature": True,
    "activation_function": "silu",
    "glu_activation": True,
    "use_amp": True,
    "add_chg_spin_ebd": False,
    "default_chg_spin": None,
    "exclude_types": [],
    "precision": "float32",
    "eps": 1e-7,
}

FITTING_DEFAULTS: dict[str, Any] = {
    "neuron": [0],
    "activation_function": "silu",
    "precision": "float32",
    "numb_fparam": 0,
    "numb_aparam": 0,
    "dim_case_embd": 0,
    "atom_ener": [],
    "exclude_types": [],
    "bias_out": False,
}

IGNORED_OPTIONS = frozenset(
    # Training and bookkeeping; spellings that are read elsewhere.
    "type seed trainable ntypes type_map so2_layers mixed_types resnet_dt rcond "
    "default_fparam case_film_embd use_aparam_as_mask".split()
)

FLOAT_PRECISIONS = ("float32", "float64")
FITTING_TYPES = ("dpa4_ener", "sezm_ener", "ener")


@dataclass(frozen=True)
class SeZMConfig:
    """A supported configuration.

    Attributes:
        type_map: chemical symbol of each type.
        descriptor: descriptor options, complete.
        fitting: fitting options, complete.
        window: bridging window, or None.
        version: of the checkpoint's semantics (sezm.md 1.4).
    """

    type_map: tuple[str, ...]
    descriptor: dict[str, Any]
    fitting: dict[str, Any]
    window: BridgingWindow | None
    version: float

    @property
    def n_blocks(self) -> int:
        """Number of interaction blocks."""
        return self.descriptor["n_blocks"]

    @property
    def message_passing_steps(self) -> int:
        """How often information moves by one cutoff: blocks, and the initial features."""
        return self.n_blocks + 1

    def as_dict(self) -> dict[str, Any]:
        """For the metadata of exported files."""
        return {
            "descriptor": self.descriptor,
            "fitting_net": self.fitting,
            "bridging": None if self.window is None else self.window._asdict(),
            "version": self.version,
        }


def parse_config(params: Mapping[str, Any], version: float) -> SeZMConfig:
    """Configuration from ``model_params`` of a checkpoint (one branch of a multitask one).

    Raises:
        CheckpointError: an option is unknown, or its value not supported; named in the text.
    """
    window, params = _bridging(params)
    descriptor = _with_defaults(params.get("descriptor", {}), DESCRIPTOR_DEFAULTS, "descriptor")
    layers = params.get("descriptor", {}).get("so2_layers")
    if layers is not None:
        descriptor["mixing_layers"] = layers
    fitting = _with_defaults(params.get("fitting_net", {}), FITTING_DEFAULTS, "fitting_net")
    _refuse_unsupported_model(params)
    _refuse_unsupported_descriptor(descriptor)
    _refuse_unsupported_fitting(params.get("fitting_net", {}).get("type"), fitting)
    return SeZMConfig(tuple(params["type_map"]), descriptor, fitting, window, version)


def triple(value: Any) -> list[Any]:
    """Options that may be one value or one each for (node_wise, message_node, ffn)."""
    return list(value) if isinstance(value, (list, tuple)) else [value] * 3


def grid_options(descriptor: Mapping[str, Any], place: int) -> tuple[bool, int]:
    """(grid_mlp, grid_branch) of one place: 0 node_wise, 1 message_node, 2 ffn."""
    mlp, branch = triple(descriptor["grid_mlp"]), triple(descriptor["grid_branch"])
    return bool(mlp[place]), int(branch[place])


def glu_width(width: int) -> int:
    """8/3 of a width, rounded up to a multiple of 32: hidden width of gated units (sezm.md 2.2)."""
    return 32 * -(-8 * width // (3 * 32))


def ffn_width(descriptor: Mapping[str, Any], glu: bool) -> int:
    """Hidden width of feed-forward units."""
    if descriptor["ffn_neurons"] > 0:
        return descriptor["ffn_neurons"]
    channels = descriptor["channels"]
    return glu_width(channels) if glu else 32 * -(-4 * channels // 32)


def _bridging(params: Mapping[str, Any]) -> tuple[BridgingWindow | None, Mapping[str, Any]]:
    """Both spellings of ZBL bridging (sezm.md 1.3); the parameters of the learned part."""
    if params.get("type") == "linear_ener":
        models = params.get("models", [])
        learned = next((m for m in models if "descriptor" in m), None)
        inner = next((m for m in models if m.get("type") == "inner_potential"), None)
        if learned is None or inner is None or inner.get("mode", "zbl") != "zbl":
            raise CheckpointError(
                "model type 'linear_ener' is only supported as DPA4 + ZBL bridging"
            )
        window = BridgingWindow(inner.get("r_inner", 0.5), inner.get("r_outer", 0.8))
        return window, {**learned, "type_map": params["type_map"]}
    method = str(params.get("bridging_method", "none")).lower()
    if method in ("none", ""):
        return None, params
    if method != "zbl":
        raise CheckpointError(f"bridging_method {method!r} is not supported; 'zbl' is")
    window = BridgingWindow(
        params.get("bridging_r_inner", 0.5), params.get("bridging_r_outer", 0.8)
    )
    return window, params


def _with_defaults(
    given: Mapping[str, Any], defaults: dict[str, Any], section: str
) -> dict[str, Any]:
    unknown = sorted(set(given) - set(defaults) - IGNORED_OPTIONS)
    if unknown:
        raise CheckpointError(
            f"{section} option {unknown[0]!r} (= {given[unknown[0]]!r}) is not known to this "
            "sezm-infer; update sezm-infer, or retrain without it"
        )
    return defaults | {key: value for key, value in given.items() if key in defaults}


def _refuse_unsupported_model(params: Mapping[str, Any]) -> None:
    if str(params.get("type", "dpa4")).lower() not in ("dpa4", "sezm"):
        raise CheckpointError(f"model type {params['type']!r} is not supported; 'dpa4' is")
    for option in ("atom_exclude_types", "pair_exclude_types", "spin", "preset_out_bias"):
        if params.get(option):
            _refuse("model", option, params[option], "none")


def _refuse_unsupported_descriptor(options: Mapping[str, Any]) -> None:
    fixed = {
        "basis_type": "bessel",
        "use_env_seed": True,
        "edge_cartesian": False,
        "node_cartesian": "none",
        "l_schedule": None,
        "m_schedule": None,
        "mmax": 1,
        "kmax": 1,
        "extra_node_l": 0,
        "so2_norm": False,
        "so2_attn_res": "none",
        "atten_f_mix": False,
        "atten_v_proj": False,
        "atten_o_proj": False,
        "mlp_bias": False,
        "layer_scale": False,
        "full_attn_res": "none",
        "block_attn_res": "none",
        "node_wise_s2": False,
        "node_wise_so3": False,
        "message_node_s2": False,
        "activation_function": "silu",
        "add_chg_spin_ebd": False,
        "exclude_types": [],
    }
    for option, supported in fixed.items():
        if options[option] != supported:
            _refuse("descriptor", option, options[option], repr(supported))
    choices = {
        "radial_so2_mode": ("none", "degree_channel"),
        "so3_readout": ("none", "glu", "mlp"),
        "precision": FLOAT_PRECISIONS,
    }
    for option, supported_values in choices.items():
        if options[option] not in supported_values:
            _refuse("descriptor", option, options[option], _either(supported_values))
    minimum = {"lmax": 1, "n_blocks": 1, "mixing_layers": 1, "n_atten_head": 1, "readout_layers": 1}
    if options["radial_so2_mode"] == "degree_channel":
        minimum["radial_so2_rank"] = 1
    for option, least in minimum.items():
        if options[option] < least:
            _refuse("descriptor", option, options[option], f">= {least}")
    if options["s2_activation"][0]:
        _refuse("descriptor", "s2_activation", options["s2_activation"], "[false, any]")


def _refuse_unsupported_fitting(kind: str | None, options: Mapping[str, Any]) -> None:
    if kind is not None and kind not in FITTING_TYPES:
        _refuse("fitting_net", "type", kind, _either(FITTING_TYPES))
    for option in ("numb_fparam", "numb_aparam", "dim_case_embd", "exclude_types"):
        if options[option]:
            _refuse("fitting_net", option, options[option], "0 or none")
    if any(value is not None for value in options["atom_ener"] or []):
        _refuse("fitting_net", "atom_ener", options["atom_ener"], "none")
    if options["activation_function"] != "silu":
        _refuse("fitting_net", "activation_function", options["activation_function"], "'silu'")
    if options["precision"] not in FLOAT_PRECISIONS:
        _refuse("fitting_net", "precision", options["precision"], _either(FLOAT_PRECISIONS))


def _refuse(section: str, option: str, value: Any, supported: str) -> None:
    raise CheckpointError(
        f"{section} option {option} = {value!r} is not supported yet; supported: {supported}"
    )


def _either(values: tuple[str, ...]) -> str:
    return " or ".join(repr(value) for value in values)
