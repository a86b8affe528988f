"""The configuration of a SeZM model: options of the training input, defaults filled in (sezm.md 2).

Every option is either supported, or refused by name where its value would change the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import CheckpointError
from .bridging import BridgingWindow
from .bridging_options import read_bridging
from .config_checks import (
    MAX_DEGREE,
    check_descriptor,
    check_fitting,
    check_model_type,
    check_selection,
    refuse,
)
from .model_options import check_model_options
from .option_types import DESCRIPTOR, FITTING, PROPERTY, check_types
from .options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS, PROPERTY_DEFAULTS
from .spin_options import DEEPSPIN, NATIVE, SpinOptions, parse_spin

IGNORED_OPTIONS = frozenset(
    # Training and bookkeeping; spellings that are read elsewhere.
    "type seed trainable ntypes type_map so2_layers mixed_types resnet_dt rcond layer_name".split()
)


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
        branch: name of the checkpoint's branch, or None if it has one task.
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
    ema: bool = False
    branch: str | None = None

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
            "branch": self.branch,
        }


def parse_config(
    params: Mapping[str, Any],
    version: float,
    has_dens_head: bool = False,
    ema: bool = False,
    branch: str | None = None,
) -> SeZMConfig:
    """Configuration from ``model_params`` of a checkpoint (one branch of a multitask one).

    Args:
        params: the model section of the training input.
        version: of the checkpoint.
        has_dens_head: whether it holds the weights of one, which options do not say.
        ema: whether its averaged weights are read; recorded in the configuration.
        branch: name of the branch, likewise.

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
    head = head_kind(given, has_dens_head)
    is_property = head == "property"
    defaults = PROPERTY_DEFAULTS if is_property else FITTING_DEFAULTS
    fitting = _with_defaults(given, defaults, "fitting_net")
    check_types("descriptor", descriptor, DESCRIPTOR, DESCRIPTOR_DEFAULTS)
    check_types("fitting_net", fitting, PROPERTY if is_property else FITTING, defaults)
    check_model_type(params)
    check_descriptor(descriptor)
    check_fitting(given.get("type"), fitting)
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
        branch=branch,
    )
    _refuse_unsupported_head(config)
    if config.head == "dens" or config.has_virtual_atoms:
        check_selection(descriptor["sel"])
    if config.initial_degree > MAX_DEGREE:
        extra = config.descriptor["extra_node_l"]
        refuse("descriptor", "extra_node_l", extra, f"degrees up to {MAX_DEGREE} in all")
    if config.native_spin is not None and config.initial_degree < 1:
        refuse("descriptor", "lmax", config.initial_degree, ">= 1 with native spin")
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


def head_kind(fitting: Mapping[str, Any], has_dens_head: bool) -> str:
    """What a model predicts: "energy", "property", or "dens" (energy and direct forces).

    Args:
        fitting: the ``fitting_net`` section, which does not know of direct forces.
        has_dens_head: whether there are weights of such a head. Then it is the one in use: the
            ordinary energy head beside it saw no training, the trainer passes over it, too.
    """
    if has_dens_head:
        return "dens"
    return "property" if fitting.get("type") == "property" else "energy"


def _refuse_unsupported_head(config: SeZMConfig) -> None:
    """What the trainer itself does not evaluate with a head other than the energy's."""
    if config.head == "energy":
        return
    if config.spin is not None:
        refuse("model", "spin", config.spin.scheme, f"none with a {config.head} head")
    if config.window is not None:
        refuse("model", "bridging_method", "zbl", f"'none' with a {config.head} head")
    if config.head != "dens":
        return
    if config.excluded_types:
        refuse("model", "atom_exclude_types", config.excluded_types, "[] with a dens head")
    if config.final_degree < 1:
        degrees = config.degrees or config.descriptor["lmax"]
        refuse("descriptor", "l_schedule", degrees, "a last degree >= 1 with a dens head")
