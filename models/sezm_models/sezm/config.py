"""The configuration of a SeZM model: options of the training input, defaults filled in (sezm.md 2).

Every option is either supported, or refused by name where its value would change the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

from ..errors import CheckpointError
from .activation import ACTIVATIONS, activation_by_name
from .bridging import BridgingWindow
from .charge_spin import LIMITS
from .options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS
from .spin_options import DEEPSPIN, NATIVE, SpinOptions, parse_spin

IGNORED_OPTIONS = frozenset(
    # Training and bookkeeping; spellings that are read elsewhere.
    "type seed trainable ntypes type_map so2_layers mixed_types resnet_dt rcond layer_name".split()
)

FLOAT_PRECISIONS = ("float32", "float64")
FITTING_TYPES = ("dpa4_ener", "sezm_ener", "ener")
RESIDUAL_MODES = ("none", "independent", "dependent")

CHOICES: dict[str, tuple[Any, ...]] = {
    "basis_type": ("bessel", "gaussian"),
    "radial_so2_mode": ("none", "degree", "degree_channel"),
    "so3_readout": ("none", "glu", "mlp"),
    "so2_attn_res": RESIDUAL_MODES,
    "full_attn_res": RESIDUAL_MODES,
    "block_attn_res": RESIDUAL_MODES,
    "precision": FLOAT_PRECISIONS,
}

MINIMA = {
    "lmax": 0,
    "n_blocks": 0,
    "mixing_layers": 0,
    "n_focus": 1,
    "n_atten_head": 0,
    "radial_so2_rank": 0,
    "kmax": 0,
    "extra_node_l": 0,
    "ffn_blocks": 1,
    "readout_layers": 1,
}


@dataclass(frozen=True)
class SeZMConfig:
    """A supported configuration.

    Attributes:
        type_map: chemical symbol of each type.
        descriptor: descriptor options, complete.
        fitting: fitting options, complete.
        window: bridging window, or None.
        version: of the checkpoint's semantics (sezm.md 1.4).
        excluded_pairs: types whose atoms are no neighbours of each other.
        excluded_types: types whose atoms have no energy.
        spin: how magnetic moments are seen, or None.
    """

    type_map: tuple[str, ...]
    descriptor: dict[str, Any]
    fitting: dict[str, Any]
    window: BridgingWindow | None
    version: float
    excluded_pairs: tuple[tuple[int, int], ...] = ()
    excluded_types: tuple[int, ...] = ()
    spin: SpinOptions | None = None

    @property
    def native_spin(self) -> SpinOptions | None:
        """If moments are features of atoms."""
        return self.spin if self.spin is not None and self.spin.scheme == NATIVE else None

    @property
    def has_virtual_atoms(self) -> bool:
        """Whether moments are further atoms."""
        return self.spin is not None and self.spin.scheme == DEEPSPIN

    @property
    def degrees(self) -> list[int]:
        """Degree of the messages of each block."""
        schedule = self.descriptor["l_schedule"]
        if schedule is None:
            return [self.descriptor["lmax"]] * self.descriptor["n_blocks"]
        return [int(degree) for degree in schedule]

    @property
    def orders(self) -> list[int]:
        """Largest order in the edge frame of each block."""
        schedule, mmax = self.descriptor["m_schedule"], self.descriptor["mmax"]
        if schedule is not None:
            return [int(order) for order in schedule]
        return [degree if mmax is None else min(mmax, degree) for degree in self.degrees]

    @property
    def initial_degree(self) -> int:
        """Degree of the node features before the first block."""
        first = self.degrees[0] if self.degrees else self.descriptor["lmax"]
        return first + self.descriptor["extra_node_l"]

    @property
    def final_degree(self) -> int:
        """Degree of the node features after the last block."""
        if not self.degrees:
            return self.initial_degree
        return self.degrees[-1] + self.descriptor["extra_node_l"]

    @property
    def n_blocks(self) -> int:
        """Number of interaction blocks."""
        return len(self.degrees)

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
            "pair_exclude_types": [list(pair) for pair in self.excluded_pairs],
            "atom_exclude_types": list(self.excluded_types),
            "spin": None if self.spin is None else self.spin._asdict(),
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
    pairs = params.get("pair_exclude_types") or descriptor["exclude_types"] or []
    config = SeZMConfig(
        type_map=tuple(params["type_map"]),
        descriptor=descriptor,
        fitting=fitting,
        window=window,
        version=version,
        excluded_pairs=tuple((int(a), int(b)) for a, b in pairs),
        excluded_types=tuple(int(t) for t in params.get("atom_exclude_types") or []),
        spin=parse_spin(params.get("spin"), len(params["type_map"])),
    )
    if config.native_spin is not None and config.initial_degree < 1:
        _refuse("descriptor", "lmax", config.initial_degree, ">= 1 with native spin")
    return config


def cartesian_option(value: str | int) -> tuple[str, int]:
    """Mode and layers of ``node_cartesian``: "mode:layers", "mode" or a number of layers."""
    text = str(value).strip().lower()
    if text in ("", "none"):
        return "none", 0
    if text.isdigit():
        return "default", int(text)
    mode, _, layers = text.partition(":")
    if mode not in ("default", "parity") or not (layers or "1").isdigit():
        _refuse(
            "descriptor", "node_cartesian", value, "'none', 'default:<layers>', 'parity:<layers>'"
        )
    return mode, int(layers or 1)


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
        outer = ("type_map", "pair_exclude_types", "atom_exclude_types", "spin")
        return window, {**learned, **{key: params[key] for key in outer if key in params}}
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
    if params.get("preset_out_bias"):
        _refuse("model", "preset_out_bias", params["preset_out_bias"], "none")


def _refuse_unsupported_descriptor(options: Mapping[str, Any]) -> None:
    for option, supported in CHOICES.items():
        if options[option] not in supported:
            _refuse("descriptor", option, options[option], _either(supported))
    for option, least in MINIMA.items():
        if options[option] < least:
            _refuse("descriptor", option, options[option], f">= {least}")
    _refuse_unknown_activation("descriptor", options)
    cartesian_option(options["node_cartesian"])
    _check_schedules(options)
    default = options["default_chg_spin"]
    uses_default = options["add_chg_spin_ebd"] and default is not None
    if uses_default and not _within(default, LIMITS):
        _refuse("descriptor", "default_chg_spin", default, f"charge and spin within {LIMITS}")


def _within(values: Sequence[float], limits: Sequence[tuple[int, int]]) -> bool:
    """Whether there is one value within each pair of limits."""
    return len(values) == len(limits) and all(
        least <= value <= largest for value, (least, largest) in zip(values, limits, strict=True)
    )


def _check_schedules(options: Mapping[str, Any]) -> None:
    degrees, orders = options["l_schedule"], options["m_schedule"]
    if degrees is not None and any(b > a for a, b in pairwise(degrees)):
        _refuse("descriptor", "l_schedule", degrees, "degrees that do not increase")
    if orders is None:
        return
    if degrees is None:
        degrees = [options["lmax"]] * options["n_blocks"]
    if len(orders) != len(degrees) or any(m > d for m, d in zip(orders, degrees, strict=True)):
        _refuse("descriptor", "m_schedule", orders, f"one order per block, at most {degrees}")


def _refuse_unsupported_fitting(kind: str | None, options: Mapping[str, Any]) -> None:
    if kind is not None and kind not in FITTING_TYPES:
        _refuse("fitting_net", "type", kind, _either(FITTING_TYPES))
    if options["exclude_types"]:
        _refuse("fitting_net", "exclude_types", options["exclude_types"], "none")
    for option in ("numb_fparam", "numb_aparam", "dim_case_embd"):
        if options[option] < 0:
            _refuse("fitting_net", option, options[option], ">= 0")
    default, width = options["default_fparam"], options["numb_fparam"]
    if default is not None and len(default) != width:
        _refuse("fitting_net", "default_fparam", default, f"none or {width} numbers (numb_fparam)")
    if options["case_film_embd"] and options["dim_case_embd"] == 0:
        _refuse("fitting_net", "case_film_embd", True, "False where dim_case_embd is 0")
    _refuse_unknown_activation("fitting_net", options)
    if options["precision"] not in FLOAT_PRECISIONS:
        _refuse("fitting_net", "precision", options["precision"], _either(FLOAT_PRECISIONS))


def _refuse_unknown_activation(section: str, options: Mapping[str, Any]) -> None:
    name = options["activation_function"]
    try:
        activation_by_name(name)
    except (KeyError, ValueError):
        _refuse(
            section, "activation_function", name, f"{_either(tuple(ACTIVATIONS))} or 'silut:<t>'"
        )


def _refuse(section: str, option: str, value: Any, supported: str) -> NoReturn:
    raise CheckpointError(
        f"{section} option {option} = {value!r} is not supported yet; supported: {supported}"
    )


def _either(values: tuple[Any, ...]) -> str:
    return " or ".join(repr(value) for value in values)
