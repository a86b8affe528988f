"""Random valid configurations, over every option of descriptor, fitting network and model."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from sezm_models.sezm.config_checks import CHOICES

ELEMENTS = ("H", "C", "O")
VERSIONS = (1.0, 1.1, 1.2)
ACTIVATIONS = "silu gelu relu relu6 tanh sigmoid softplus linear none silut:0.5 silut:3.0".split()
OFF_OR_ON, ON_OR_OFF = (False, True), (True, False)
SCHEDULES = ((2, 1), (1, 0), (2, 2), (3, 1), (1,), (2, 1, 0))

KEPT_DEFAULTS = 0.4
"""Share of the options that are not drawn in a configuration: graphs stay small, and every pair of
values still meets in some of two hundred."""

DESCRIPTOR_VALUES: dict[str, tuple[Any, ...]] = {
    "env_exp": ([7, 5], [5, 7], [3, 4]),
    "basis_type": CHOICES["basis_type"],
    "sel": (256, 6),
    "n_radial": (3, 6),
    "radial_mlp": ([0], [12, 0], [6]),
    "edge_norm": ON_OR_OFF,
    "use_env_seed": ON_OR_OFF,
    "random_gamma": ON_OR_OFF,
    "edge_cartesian": OFF_OR_ON,
    "node_cartesian": ("none", "default:1", "parity:2", "default", 1),
    "mmax": (1, 0, 2, None),
    "kmax": (1, 0, 2),
    "extra_node_l": (0, 1),
    "so2_norm": OFF_OR_ON,
    "mixing_layers": (2, 0, 1, 3),
    "so2_attn_res": CHOICES["so2_attn_res"],
    "radial_so2_mode": ("degree_channel", "degree", "none"),
    "radial_so2_rank": (1, 0, 2),
    "n_focus": (1, 2),
    "focus_dim": (0, 4),
    "n_atten_head": (1, 0, 2),
    "atten_f_mix": OFF_OR_ON,
    "atten_v_proj": OFF_OR_ON,
    "atten_o_proj": OFF_OR_ON,
    "ffn_neurons": (0, 6),
    "grid_mlp": (False, True, [True, False, True]),
    "grid_branch": (0, 1, 2, [2, 1, 0]),
    "ffn_blocks": (1, 2),
    "mlp_bias": OFF_OR_ON,
    "layer_scale": OFF_OR_ON,
    "s2_activation": ([False, True], [True, False], [True, True], [False, False]),
    "ffn_so3_grid": OFF_OR_ON,
    "node_wise_s2": OFF_OR_ON,
    "node_wise_so3": OFF_OR_ON,
    "message_node_s2": OFF_OR_ON,
    "message_node_so3": OFF_OR_ON,
    "so3_readout": CHOICES["so3_readout"],
    "readout_layers": (1, 2),
    "lebedev_quadrature": (True, False, [True, False]),
    "activation_function": ACTIVATIONS,
    "glu_activation": ON_OR_OFF,
    "exclude_types": ([], [[0, 1]], [[0, 0], [1, 2]]),
    "eps": (1e-7, 1e-6),
}
"""Options that are independent of each other; the first value is the default, or near it."""

FITTING_VALUES: dict[str, tuple[Any, ...]] = {
    "neuron": ([0], [8], [6, 10]),
    "activation_function": ACTIVATIONS,
    "atom_ener": ([], [0.5, None, -1.0]),
    "bias_out": OFF_OR_ON,
    "numb_fparam": (0, 2),
    "default_fparam": (None,),
    "numb_aparam": (0, 1, 3),
    "use_aparam_as_mask": OFF_OR_ON,
    "dim_case_embd": (0, 3),
}

MODEL_VALUES: dict[str, tuple[Any, ...]] = {
    "atom_exclude_types": ([], [1]),
}

NATIVE = {"scheme": "native", "use_spin": [True, False, True]}
DEEPSPIN = {"scheme": "deepspin", "use_spin": [True, False, True], "virtual_scale": [0.3, 0.2]}


@dataclass(frozen=True)
class Configuration:
    """What a checkpoint says of its model.

    Attributes:
        params: its ``model_params``.
        version: of its descriptor.
        has_dens_head: whether it has weights of a head for direct forces.
    """

    params: dict[str, Any]
    version: float
    has_dens_head: bool = False

    def options(self) -> dict[str, Any]:
        """All options by dotted name."""
        named = {"version": self.version, "has_dens_head": self.has_dens_head}
        for key, value in self.params.items():
            if isinstance(value, dict):
                named |= {f"{key}.{option}": setting for option, setting in value.items()}
            else:
                named[key] = value
        return named


def random_configuration(rng: random.Random) -> Configuration:
    """Options of a small model that the reader accepts (sezm.md 2)."""
    params = {
        "type": rng.choice(("dpa4", "SeZM")),
        "type_map": list(ELEMENTS),
        "descriptor": _descriptor(rng),
        "fitting_net": {"type": rng.choice(("dpa4_ener", "sezm_ener")), **_fitting(rng)},
        **_drawn(rng, MODEL_VALUES),
        **_bridging(rng),
    }
    if params["descriptor"]["exclude_types"]:
        params["pair_exclude_types"] = params["descriptor"]["exclude_types"]
    first, last = _end_degrees(params["descriptor"])
    has_dens_head = rng.random() < 0.1 and last > 0
    if has_dens_head:  # the trainer evaluates it without these
        params |= {"atom_exclude_types": [], "bridging_method": "none"}
    elif rng.random() < 0.3:
        params["spin"] = rng.choice((NATIVE, DEEPSPIN) if first > 0 else (DEEPSPIN,))
    return Configuration(params, rng.choice(VERSIONS), has_dens_head)


def _drawn(rng: random.Random, values: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    return {
        option: several[0] if rng.random() < KEPT_DEFAULTS else rng.choice(several)
        for option, several in values.items()
    }


def _descriptor(rng: random.Random) -> dict[str, Any]:
    options = _drawn(rng, DESCRIPTOR_VALUES)
    options["rcut"] = rng.choice((2.6, 3.1))
    # Every width is a multiple of four, which any number of heads divides.
    options["channels"] = rng.choice((4, 8, 12, 16))
    options["sandwich_norm"] = [rng.random() < 0.5 for _ in range(4)]
    return options | _degrees(rng) | _depth_residuals(rng) | _charge_spin(rng)


def _end_degrees(options: dict[str, Any]) -> tuple[int, int]:
    """Degrees of the node features before the first and after the last block."""
    degrees = options["l_schedule"]
    if degrees is None:
        degrees = [options["lmax"]]
    return degrees[0] + options["extra_node_l"], degrees[-1] + options["extra_node_l"]


def _charge_spin(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.75:
        return {"add_chg_spin_ebd": False, "default_chg_spin": None}
    return {"add_chg_spin_ebd": True, "default_chg_spin": rng.choice((None, [-1, 2]))}


def _degrees(rng: random.Random) -> dict[str, Any]:
    """Degrees do not increase from block to block; orders are at most the degree."""
    options: dict[str, Any] = {"lmax": rng.choice((0, 1, 1, 2, 2, 3))}
    options["n_blocks"] = rng.choice((0, 1, 1, 2))
    degrees = [options["lmax"]] * options["n_blocks"]
    options["l_schedule"] = options["m_schedule"] = None
    if rng.random() < 0.3:
        degrees = list(rng.choice(SCHEDULES))
        options["l_schedule"] = degrees
    if rng.random() < 0.3:
        options["m_schedule"] = [rng.randint(0, degree) for degree in degrees]
    return options


def _depth_residuals(rng: random.Random) -> dict[str, Any]:
    """At most one kind of them."""
    full, block = rng.choice((("none", "none"), (1, "none"), ("none", 1)))
    mode = rng.choice(("independent", "dependent"))
    return {
        "full_attn_res": mode if full == 1 else "none",
        "block_attn_res": mode if block == 1 else "none",
    }


def _fitting(rng: random.Random) -> dict[str, Any]:
    options = _drawn(rng, FITTING_VALUES)
    if options["numb_fparam"]:
        options["default_fparam"] = rng.choice((None, [0.3] * options["numb_fparam"]))
    options["case_film_embd"] = options["dim_case_embd"] > 0 and rng.random() < 0.5
    return options


def _bridging(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.7:
        return {"bridging_method": "none"}
    return {"bridging_method": "zbl", "bridging_r_inner": 0.6, "bridging_r_outer": 1.2}
