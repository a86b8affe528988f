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
from .bridging_options import read_bridging
from .charge_spin import LIMITS
from .model_options import check_model_options
from .option_types import DESCRIPTOR, FITTING, PROPERTY, check_types
from .options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS, PROPERTY_DEFAULTS
from .spin_options import DEEPSPIN, NATIVE, SpinOptions, parse_spin

IGNORED_OPTIONS = frozenset(
    # Training and bookkeeping; spellings that are read elsewhere.
    "type seed trainable ntypes type_map so2_layers mixed_types resnet_dt rcond layer_name".split()
)

COMPUTE_PRECISION = {
    # What a model of each stored precision computes in: half precision is promoted.
    "float16": "float32",
    "half": "float32",
    "bfloat16": "float32",
    "float32": "float32",
    "single": "float32",
    "float64": "float64",
    "double": "float64",
    "default": "float64",
}

FLOAT_PRECISIONS = tuple(COMPUTE_PRECISION)
FITTING_TYPES = ("dpa4_ener", "sezm_ener", "ener", "property")
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
        head: what is computed from the features of an atom: "energy", "dens" or "property".
        excluded_pairs: types whose atoms are no neighbours of each other.
        excluded_types: types whose atoms have no energy.
        spin: how magnetic moments are seen, or None.
        ema: whether the weights are the averages that the file carries beside its own.
    """

    type_map: tuple[str, ...]
    descriptor: dict[str, Any]
    fitting: dict[str, Any]
    window: BridgingWindow | None
    version: float
    head: str = "energy"
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

    ema: bool = False

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
    def n_selected(self) -> int:
        """Most neighbours of an atom in the trainer's limited lists: the sum of ``sel``."""
        selected = self.descriptor["sel"]
        return selected if isinstance(selected, int) else sum(selected)

    @property
    def message_passing_steps(self) -> int:
        """How often information moves by one cutoff.

        Once in each block, once into the initial features if they see neighbours (those of native
        spin do with an environment seed alone), and once with bridging: the gate of a neighbour
        depends on the neighbour's own neighbours.
        """
        return self.n_blocks + bool(self.descriptor["use_env_seed"]) + (self.window is not None)

    def as_dict(self) -> dict[str, Any]:
        """For the metadata of exported files."""
        return {
            "descriptor": self.descriptor,
            "fitting_net": self.fitting,
            "bridging": None if self.window is None else self.window._asdict(),
            "version": self.version,
            "head": self.head,
            "pair_exclude_types": [list(pair) for pair in self.excluded_pairs],
            "atom_exclude_types": list(self.excluded_types),
            "spin": None if self.spin is None else self.spin._asdict(),
            "ema": self.ema,
        }


def parse_config(
    params: Mapping[str, Any], version: float, has_dens_head: bool = False, ema: bool = False
) -> SeZMConfig:
    """Configuration from ``model_params`` of a checkpoint (one branch of a multitask one).

    Args:
        params: the model section of the training input.
        version: of the checkpoint.
        has_dens_head: whether it holds the weights of one, which options do not say.
        ema: whether its averaged weights are read; recorded in the configuration.

    Raises:
        CheckpointError: an option is unknown, or its value not supported; named in the text.
    """
    window, params = read_bridging(params)
    check_model_options(params)
    descriptor = _with_defaults(params.get("descriptor", {}), DESCRIPTOR_DEFAULTS, "descriptor")
    layers = params.get("descriptor", {}).get("so2_layers")
    if layers is not None:
        descriptor["mixing_layers"] = layers
    given = params.get("fitting_net", {})
    head = _head(given, has_dens_head)
    is_property = head == "property"
    defaults = PROPERTY_DEFAULTS if is_property else FITTING_DEFAULTS
    fitting = _with_defaults(given, defaults, "fitting_net")
    check_types("descriptor", descriptor, DESCRIPTOR, DESCRIPTOR_DEFAULTS)
    check_types("fitting_net", fitting, PROPERTY if is_property else FITTING, defaults)
    _refuse_unsupported_model(params)
    _refuse_unsupported_descriptor(descriptor)
    _refuse_unsupported_fitting(given.get("type"), fitting)
    type_map = tuple(params["type_map"])
    pairs = _agreed(params.get("pair_exclude_types"), descriptor["exclude_types"])
    excluded_types = tuple(params.get("atom_exclude_types") or ())
    if any(t >= len(type_map) for t in (*excluded_types, *(t for pair in pairs for t in pair))):
        raise CheckpointError(
            f"excluded types {[*pairs, *excluded_types]} name a type beyond the {len(type_map)} of "
            "type_map; no trainer writes this, get a good copy of the checkpoint"
        )
    config = SeZMConfig(
        type_map=type_map,
        descriptor=descriptor,
        fitting=fitting,
        window=window,
        version=version,
        head=head,
        excluded_pairs=pairs,
        excluded_types=excluded_types,
        spin=parse_spin(params.get("spin"), len(type_map)),
        ema=ema,
    )
    _refuse_unsupported_head(config)
    if config.head == "dens" or config.has_virtual_atoms:
        _refuse_unknown_selection(descriptor["sel"])
    if config.native_spin is not None and config.initial_degree < 1:
        _refuse("descriptor", "lmax", config.initial_degree, ">= 1 with native spin")
    return config


def _agreed(*spellings: Any) -> tuple[tuple[int, int], ...]:
    """Excluded pairs, which model and descriptor may both name."""
    named = [tuple((a, b) for a, b in pairs) for pairs in spellings if pairs]
    if len({frozenset(map(frozenset, pairs)) for pairs in named}) > 1:
        raise CheckpointError(
            f"model and descriptor exclude different pairs of types, {named[0]} and {named[1]}; "
            "train with the same pair_exclude_types and exclude_types"
        )
    return named[0] if named else ()


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


def _with_defaults(
    given: Mapping[str, Any], defaults: dict[str, Any], section: str
) -> dict[str, Any]:
    unknown = sorted(
        key for key in set(given) - set(defaults) - IGNORED_OPTIONS if not key.startswith("_")
    )
    if unknown:
        raise CheckpointError(
            f"{section} option {unknown[0]!r} (= {given[unknown[0]]!r}) is not known to this "
            "sezm-infer; update sezm-infer, or retrain without it"
        )
    return defaults | {key: value for key, value in given.items() if key in defaults}


def _head(fitting: Mapping[str, Any], has_dens_head: bool) -> str:
    """Which of a model's outputs is wanted; direct forces, where there are any.

    A model trained for direct forces keeps an ordinary energy head that saw no training: the
    trainer's inference passes over it, too.
    """
    if has_dens_head:
        return "dens"
    return "property" if fitting.get("type") == "property" else "energy"


def _refuse_unsupported_model(params: Mapping[str, Any]) -> None:
    if str(params.get("type", "dpa4")).lower() not in ("dpa4", "sezm"):
        raise CheckpointError(f"model type {params['type']!r} is not supported; 'dpa4' is")


def _refuse_unsupported_descriptor(options: Mapping[str, Any]) -> None:
    for option, supported in CHOICES.items():
        if options[option] not in supported:
            _refuse("descriptor", option, options[option], _either(supported))
    for option, least in MINIMA.items():
        if options[option] < least:
            _refuse("descriptor", option, options[option], f">= {least}")
    _refuse_unknown_activation("descriptor", options)
    cartesian_option(options["node_cartesian"])
    if "none" not in (options["full_attn_res"], options["block_attn_res"]):
        value = options["block_attn_res"]
        _refuse("descriptor", "block_attn_res", value, "at most one of it and full_attn_res")
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


def _refuse_unsupported_head(config: SeZMConfig) -> None:
    """What the trainer itself does not evaluate with a head other than the energy's."""
    if config.head == "energy":
        return
    if config.spin is not None:
        _refuse("model", "spin", config.spin.scheme, f"none with a {config.head} head")
    if config.window is not None:
        _refuse("model", "bridging_method", "zbl", f"'none' with a {config.head} head")
    if config.head != "dens":
        return
    if config.excluded_types:
        _refuse("model", "atom_exclude_types", config.excluded_types, "[] with a dens head")
    if config.final_degree < 1:
        degrees = config.degrees or config.descriptor["lmax"]
        _refuse("descriptor", "l_schedule", degrees, "a last degree >= 1 with a dens head")


def _refuse_unknown_selection(selected: Any) -> None:
    """Of the models that see the nearest neighbours only."""
    numbers = selected if isinstance(selected, (list, tuple)) else [selected]
    if not all(isinstance(n, int) and n >= 0 for n in numbers) or sum(numbers) == 0:
        _refuse("descriptor", "sel", selected, "a whole number > 0, or one for each type")


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
