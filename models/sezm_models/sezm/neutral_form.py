"""DeePMD-kit's backend-neutral form of whole models: what its ``serialize()`` gives (sezm.md 1).

Nested dictionaries, each class with its ``config`` or options and its ``@variables`` (arrays). The
PyTorch backend writes::

    {"@class": "Model", "type": "SeZM", "atomic_model": ATOMIC, "bridging_method": ..., ...}

the reference backend ATOMIC alone or, with bridging, ``{"type": "linear", "models": [ATOMIC,
{"type": "inner_potential", ...}]}``, where ATOMIC is::

    {"type_map": ..., "descriptor": {"config", "@variables"}, "@variables": {"out_bias", ...},
     "fitting": {..., "@variables", "nets": {"networks": [{..., "@variables"}]}}}

Here it becomes what a checkpoint holds: options of the model, and weights by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import CheckpointError
from .options import FITTING_DEFAULTS

Record = Mapping[str, Any]

NEWEST = {"descriptor": 1.2, "fitting": 4}
"""Versions of the form (``@version``) that are read."""

DERIVED_DESCRIPTOR = ("ntypes", "type_map", "inner_clamp_r_inner", "inner_clamp_r_outer")
"""Follow from the rest of the model; ``inner_clamp_*`` from the bridging."""

UNSET = {"use_spin": None}
"""Options that need not be given where they have this value."""

DERIVED_FITTING = frozenset(
    "@class @version @variables nets var_name ntypes dim_descrpt tot_ener_zero trainable "
    "layer_name spin dim_out type_map".split()
)


def is_neutral_form(content: Mapping[str, Any]) -> bool:
    """Whether a file's dictionary holds a model in this form."""
    model = content.get("model")
    return isinstance(model, Mapping) and "@class" in model


def from_neutral_form(model: Record) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Options of the model section, and weights by key below ``atomic_model.``.

    Raises:
        CheckpointError: another kind of model, a newer form, or a part that is missing.
    """
    try:
        atomic, outer = _parts(model)
        weights = _weights(atomic)
        if model["type"] == "linear":  # each part, and the sum, may have an energy bias
            others = [part for part in (model, *model["models"]) if part is not atomic]
            biases = [torch.from_numpy(np.array(o["@variables"]["out_bias"])) for o in others]
            weights["out_bias"] = sum(biases, weights["out_bias"])
        return _options(atomic, outer), weights
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"the serialized model is incomplete ({type(error).__name__}: {error}); convert it "
            "again with 'dp convert-backend'"
        ) from None


def _parts(model: Record) -> tuple[Record, dict[str, Any]]:
    """The learned part, and options of what surrounds it."""
    if model["type"] == "linear":
        learned = [part for part in model["models"] if "descriptor" in part]
        inner = [part for part in model["models"] if part.get("type") == "inner_potential"]
        is_sum = len(model["models"]) == 2 and model["weights"] == "sum"
        if len(learned) != 1 or len(inner) != 1 or not is_sum:
            raise CheckpointError("a sum of models is only supported as DPA4 + ZBL bridging")
        clamp = learned[0]["descriptor"]["config"]
        excluded = ("pair_exclude_types", "atom_exclude_types")
        return learned[0], {
            **{key: model[key] or learned[0][key] for key in excluded},
            "bridging_method": inner[0]["mode"],
            "bridging_r_inner": clamp["inner_clamp_r_inner"],
            "bridging_r_outer": clamp["inner_clamp_r_outer"],
        }
    if "atomic_model" not in model:
        return model, {}
    bridging = {key: value for key, value in model.items() if key.startswith("bridging_")}
    known = {"@class", "@version", "type", "atomic_model", "lora", *bridging}
    strange = sorted(set(model) - known)
    if strange:
        raise CheckpointError(
            f"serialized models of type {model['type']!r} (with {strange[0]!r}) are not supported; "
            "give the checkpoint itself"
        )
    return model["atomic_model"], bridging


def _options(atomic: Record, outer: Record) -> dict[str, Any]:
    descriptor, fitting = atomic["descriptor"], atomic["fitting"]
    if str(descriptor["type"]).lower() not in ("sezm", "dpa4"):
        raise CheckpointError(f"descriptor type {descriptor['type']!r} is not supported: 'SeZM' is")
    if atomic.get("dens_fitting") is not None or atomic.get("active_mode", "ener") != "ener":
        raise CheckpointError(
            "serialized models with a dens head are not supported; give the checkpoint itself"
        )
    for name, part in (("descriptor", descriptor), ("fitting", fitting)):
        if float(part["@version"]) > NEWEST[name]:
            raise CheckpointError(
                f"the serialized {name} has version {part['@version']}, newer than {NEWEST[name]}, "
                "the newest that this sezm-infer knows; update sezm-infer"
            )
    config = {
        key: value
        for key, value in descriptor["config"].items()
        if key not in DERIVED_DESCRIPTOR and (key not in UNSET or value != UNSET[key])
    }
    network = fitting["nets"]["networks"][0]
    fitting_net = {key: value for key, value in fitting.items() if key not in DERIVED_FITTING}
    fitting_net |= {key: network[key] for key in FITTING_DEFAULTS if key in network}
    if set(fitting_net["exclude_types"]) <= set(atomic["atom_exclude_types"]):
        del fitting_net["exclude_types"]  # the fitting net repeats them
    return {
        "type": "dpa4",
        "type_map": atomic["type_map"],
        "pair_exclude_types": atomic["pair_exclude_types"],
        "atom_exclude_types": atomic["atom_exclude_types"],
        **outer,
        "descriptor": config,
        "fitting_net": fitting_net,
    }


def _weights(atomic: Record) -> dict[str, Tensor]:
    fitting = atomic["fitting"]
    groups = {
        "": atomic["@variables"],
        "descriptor.": atomic["descriptor"]["@variables"],
        "fitting_net.": fitting["@variables"],
    }
    for index, network in enumerate(fitting["nets"]["networks"]):
        groups[f"fitting_net.filter_layers.networks.{index}."] = network["@variables"]
    return {
        prefix + key: torch.from_numpy(np.array(value))
        for prefix, variables in groups.items()
        for key, value in variables.items()
        if value is not None
    }
