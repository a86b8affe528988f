"""What mlip stores beside the parameters: options of the network, and facts of its data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..elements import N_ELEMENTS, SYMBOLS
from ..errors import CheckpointError
from .activation import ACTIVATIONS
from .irreps import SCALAR, Block, parse_irreps
from .radial import ENVELOPES

MAX_DEGREE = 8
"""Of the harmonics, and of irreps."""

CHARGES = (-100, 99)
"""Least and largest total charge of a system, e: what files take."""


def _default_gates() -> dict[str, str]:
    return {"e": "swish", "o": "tanh"}


def _default_hidden() -> list[int]:
    return [64, 64]


@dataclass(frozen=True)
class NequipConfig:
    """Options of the network, by mlip's names and with its defaults.

    ``radial_mlp_variance_scale`` concerns training alone. ``deterministic_scatter_ops`` changes
    nothing here: sums are deterministic.

    Raises:
        CheckpointError: a value has the wrong type or is out of range.
    """

    num_layers: int = 2
    target_irreps: str = "128x0e + 128x0o + 64x1o + 64x1e + 4x2e + 4x2o"
    l_max: int = 3
    num_rbf: int = 8
    radial_envelope: str = "polynomial_envelope"
    radial_mlp_hidden: list[int] = field(default_factory=_default_hidden)
    radial_mlp_activation: str = "swish"
    radial_mlp_variance_scale: float = 4.0
    num_readout_heads: int = 1
    add_atomic_energies: bool = True
    avg_num_neighbors: float | None = None
    num_species: int | None = None
    predict_partial_charges: bool = False
    use_coulomb_term: bool = False
    use_total_charge_embedding: bool = False
    embed_activation: str = "silu"
    use_residual_connection: bool = True
    gate_nonlinearities: dict[str, str] = field(default_factory=_default_gates)
    deterministic_scatter_ops: bool = False

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            valid, wanted = OPTIONS[name]
            if not valid(value):
                raise CheckpointError(f"config: {name} is {value!r}; expected {wanted}")
        if any(block.irrep.degree > MAX_DEGREE for block in self.target_blocks):
            raise CheckpointError(
                f"config: target_irreps {self.target_irreps!r} go beyond l = {MAX_DEGREE}"
            )
        if self.target_blocks[0].irrep != SCALAR or self.target_blocks[0].multiplicity < 2:
            raise CheckpointError(
                f"config: target_irreps {self.target_irreps!r} have fewer than two 0e, "
                "from which energies are read"
            )

    @classmethod
    def from_json(cls, values: Any) -> NequipConfig:
        """Of a file.

        Raises:
            CheckpointError: an option is unknown, or as above.
        """
        return cls(**_known("config", values, cls))

    @property
    def target_blocks(self) -> tuple[Block, ...]:
        """The features that layers are asked for."""
        return parse_irreps(self.target_irreps)

    @property
    def has_charges(self) -> bool:
        """Whether there are partial charges; the Coulomb term needs them."""
        return self.predict_partial_charges or self.use_coulomb_term


@dataclass(frozen=True)
class DatasetInfo:
    """Facts of the training data that the network needs, by mlip's names.

    Raises:
        CheckpointError: a value has the wrong type or is out of range.
    """

    atomic_energies_map: list[dict[int, float]]
    graph_cutoff_angstrom: float
    dataset_name: list[str]
    total_charge_set: list[int] | None = None
    long_range_cutoff_angstrom: float | None = None
    avg_num_neighbors: float = 1.0
    scaling_mean: float = 0.0
    scaling_stdev: float = 1.0

    @classmethod
    def from_json(cls, values: Any) -> DatasetInfo:
        """Of a file; facts that the network does not use are left out.

        Raises:
            CheckpointError: a value is missing, or as above.
        """
        if not isinstance(values, dict):
            raise CheckpointError("dataset_info: expected an object")
        used = {name: values[name] for name in FACTS if values.get(name) is not None}
        for name in ("atomic_energies_map", "graph_cutoff_angstrom"):
            if name not in used:
                raise CheckpointError(f"dataset_info: {name} is missing")
        for name, value in used.items():
            valid, wanted = FACTS[name]
            if not valid(value):
                raise CheckpointError(f"dataset_info: {name} is {value!r:.80}; expected {wanted}")
        maps, names = used["atomic_energies_map"], used.get("dataset_name") or []
        return cls(
            **used
            | {
                "atomic_energies_map": [
                    {int(number): float(energy) for number, energy in one.items()}
                    for one in (maps if isinstance(maps, list) else [maps])
                ],
                "dataset_name": [names] if isinstance(names, str) else names,
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """By name, the keys of maps as JSON has them."""
        maps = [
            {str(number): energy for number, energy in one.items()}
            for one in self.atomic_energies_map
        ]
        return dataclasses.asdict(self) | {"atomic_energies_map": maps}

    @property
    def atomic_numbers(self) -> list[int]:
        """Species in the order of the embedding's rows."""
        return sorted({number for one in self.atomic_energies_map for number in one})


def head_names(config: NequipConfig, info: DatasetInfo) -> list[str]:
    """The read-out heads by their data sets, if each has one of its own; else by number."""
    names = info.dataset_name[: config.num_readout_heads]
    if len(set(names)) == config.num_readout_heads:
        return names
    return [str(number) for number in range(config.num_readout_heads)]


def _known(where: str, values: Any, cls: type[Any]) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise CheckpointError(f"{where}: expected an object")
    names = {one.name for one in dataclasses.fields(cls)}
    unknown = sorted(set(values) - names)
    if unknown:
        raise CheckpointError(f"{where}: option {unknown[0]!r} is not one of mlip 0.2.2")
    return values


Check = tuple[Callable[[Any], bool], str]


def _is_whole(value: Any, least: int, most: int = 100_000) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _whole(least: int, most: int = 100_000) -> Check:
    return lambda v: _is_whole(v, least, most), f"a whole number from {least} to {most}"


def _one_of(names: Mapping[str, Any]) -> Check:
    return lambda v: isinstance(v, str) and v in names, "one of " + ", ".join(names)


def _or_none(check: Check) -> Check:
    return lambda v: v is None or check[0](v), f"{check[1]}, or null"


def _is_energy_map(value: Any) -> bool:
    maps = value if isinstance(value, list) else [value]
    keys = {str(number) for number in range(1, N_ELEMENTS + 1)}
    return bool(maps) and all(
        isinstance(one, dict) and one and set(one) <= keys and all(map(_is_number, one.values()))
        for one in maps
    )


def _is_names(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(name, str) for name in value)
    )


_BOOL: Check = (lambda v: isinstance(v, bool), "true or false")
_POSITIVE: Check = (_is_positive, "a positive number")
_NUMBER: Check = (_is_number, "a number")

OPTIONS: dict[str, Check] = {
    "num_layers": _whole(1, 100),
    "target_irreps": (lambda v: isinstance(v, str), "a text"),
    "l_max": _whole(0, MAX_DEGREE),
    "num_rbf": _whole(1),
    "radial_envelope": _one_of(ENVELOPES),
    "radial_mlp_hidden": (
        lambda v: isinstance(v, list) and all(_is_whole(width, 1) for width in v),
        "a list of positive whole numbers",
    ),
    "radial_mlp_activation": _one_of(ACTIVATIONS),
    "radial_mlp_variance_scale": _POSITIVE,
    "num_readout_heads": _whole(1, 1000),
    "add_atomic_energies": _BOOL,
    "avg_num_neighbors": _or_none(_POSITIVE),
    "num_species": _or_none(_whole(1, 1000)),
    "predict_partial_charges": _BOOL,
    "use_coulomb_term": _BOOL,
    "use_total_charge_embedding": _BOOL,
    "embed_activation": _one_of(ACTIVATIONS),
    "use_residual_connection": _BOOL,
    "gate_nonlinearities": (
        lambda v: (
            isinstance(v, dict)
            and set(v) == {"e", "o"}
            and all(isinstance(name, str) and name in ACTIVATIONS for name in v.values())
        ),
        'an activation for each of "e" and "o": ' + ", ".join(ACTIVATIONS),
    ),
    "deterministic_scatter_ops": _BOOL,
}

FACTS: dict[str, Check] = {
    "atomic_energies_map": (
        _is_energy_map,
        f"energies by atomic number, 1 ({SYMBOLS[0]}) to {N_ELEMENTS} ({SYMBOLS[-1]})",
    ),
    "graph_cutoff_angstrom": _POSITIVE,
    "dataset_name": (_is_names, "a name, or a list of names"),
    "total_charge_set": (
        lambda v: isinstance(v, list) and all(_is_whole(charge, *CHARGES) for charge in v),
        f"a list of whole numbers from {CHARGES[0]} to {CHARGES[1]}",
    ),
    "long_range_cutoff_angstrom": _POSITIVE,
    "avg_num_neighbors": _POSITIVE,
    "scaling_mean": _NUMBER,
    "scaling_stdev": _NUMBER,
}
