"""What a configuration is, in the words of those who trained it (sezm.md 2, 4)."""

from __future__ import annotations

from typing import Any

import torch

from .config import SeZMConfig
from .fitting_inputs import FittingInputs
from .options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS, PROPERTY_DEFAULTS
from .parts import glu_width

MINI: dict[str, Any] = DESCRIPTOR_DEFAULTS | {
    "channels": 32,
    "lmax": 2,
    "n_blocks": 2,
    "mixing_layers": 3,
    "message_node_so3": True,
    "ffn_so3_grid": True,
    "grid_branch": [0, 0, 1],
    "so3_readout": "mlp",
}

PUBLISHED_SIZES: dict[str, dict[str, Any]] = {
    "Nano": MINI | {"lmax": 1, "radial_so2_mode": "none", "edge_norm": False},
    "Mini": MINI,
    "Neo": MINI | {"lmax": 3, "n_focus": 2},
    "Air": MINI | {"channels": 64, "lmax": 3, "n_blocks": 3, "mixing_layers": 4},
    "Plus": MINI
    | {"channels": 64, "lmax": 4, "n_blocks": 4, "mixing_layers": 4, "radial_so2_rank": 2},
}

NOT_OF_THE_SIZE = frozenset(
    # No effect on inference, or on the widths and depths that make a size; edge norms in Mini.
    "sel rcut precision eps use_amp random_gamma lebedev_quadrature exclude_types edge_norm "
    "add_chg_spin_ebd default_chg_spin s2_activation".split()
)
"""``s2_activation`` [False, *]: SO(3) products of the nodes come before those on the sphere."""


def summary(config: SeZMConfig) -> dict[str, Any]:
    """Size, version and unusual options; JSON-able.

    Returns:
        ``size``: name of the published size with this configuration, or None; ``version``: of the
        checkpoint's semantics; ``head``: "energy", "property" or "dens"; ``spin``: scheme of
        magnetic moments, or None; ``options``: those that differ from their defaults, by section.
    """
    fitting_defaults = PROPERTY_DEFAULTS if config.head == "property" else FITTING_DEFAULTS
    return {
        "size": published_size(config),
        "version": config.version,
        "head": config.head,
        "spin": None if config.spin is None else config.spin.scheme,
        "options": {
            "descriptor": _unusual(_descriptor(config), DESCRIPTOR_DEFAULTS),
            "fitting_net": _unusual(_fitting(config), fitting_defaults),
        },
    }


def published_size(config: SeZMConfig) -> str | None:
    """Name of the published size with this configuration."""
    found = _descriptor(config)
    for name, options in PUBLISHED_SIZES.items():
        edge_norm_fits = name == "Mini" or found["edge_norm"] == options["edge_norm"]
        compared = set(options) - NOT_OF_THE_SIZE
        if edge_norm_fits and all(found[option] == options[option] for option in compared):
            return name
    return None


def _descriptor(config: SeZMConfig) -> dict[str, Any]:
    """Options in their shortest spelling: some files have every default resolved."""
    options = dict(config.descriptor)
    if len(set(config.degrees)) == 1 == len(set(config.orders)):
        options |= {"lmax": config.degrees[0], "n_blocks": config.n_blocks, "l_schedule": None}
        options |= {"mmax": config.orders[0], "m_schedule": None}
    for name in ("sel", "grid_mlp", "grid_branch", "lebedev_quadrature"):
        value = options[name]
        if isinstance(value, list | tuple) and value and all(v == value[0] for v in value):
            options[name] = value[0]
    options["radial_mlp"] = _unresolved(options["radial_mlp"], options["channels"])
    return options


def _fitting(config: SeZMConfig) -> dict[str, Any]:
    """As :func:`_descriptor`."""
    width = config.descriptor["channels"] + FittingInputs(config, torch.float32).width
    neuron = _unresolved(config.fitting["neuron"], glu_width(width))
    return config.fitting | {"neuron": neuron}


def _unresolved(widths: list[int], automatic: int) -> list[int]:
    """Widths, with 0 for those that it would be resolved to."""
    return [0 if width == automatic else width for width in widths]


def _unusual(options: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value != defaults.get(name, value)}
