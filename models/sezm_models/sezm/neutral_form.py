"""DeePMD-kit's backend-neutral form of whole models: what its ``serialize()`` gives (sezm.md 1).

Nested dictionaries, each class with its ``config`` or options and its ``@variables`` (arrays). The
PyTorch backend writes::

    {"@class": "Model", "type": "SeZM", "atomic_model": ATOMIC, "bridging_method": ..., ...}

the reference backend ATOMIC alone or, with bridging, ``{"type": "linear", "models": [ATOMIC,
{"type": "inner_potential", ...}]}``, where ATOMIC is::

    {"type_map": ..., "descriptor": {"config", "@variables"}, "@variables": {"out_bias", ...},
     "fitting": {..., "@variables", "nets": {"networks": [{..., "@variables"}]}}}

Magnetic models have other types and a ``spin`` section. Here all become what a checkpoint holds:
options of the model, and weights by key.
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

TYPES = {
    # type of a model -> scheme of its spins
    "SeZM": None,
    "SeZMProperty": None,
    "sezm_native_spin": "native",
    "sezm_spin": "deepspin",
}

NEWEST = {"descriptor": 1.2, "fitting": 4, "property fitting": 6}
"""Versions of the form (``@version``) that are read."""

DERIVED_DESCRIPTOR = "ntypes type_map inner_clamp_r_inner inner_clamp_r_outer use_spin".split()
"""Follow from the rest of the model: its types, bridging and spin section."""

LAYER_KEYS = {"w": "matrix", "b": "bias", "idt": "idt"}
"""Names of the arrays in a property head's layers."""

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
            biases = [_tensor(other["@variables"]["out_bias"]) for other in others]
            weights["out_bias"] = sum(biases, weights["out_bias"])
        return _options(atomic, outer), weights
    except CheckpointError:
        raise
    except Exception as error:  # a record may hold anything anywhere
        text = " ".join(str(error).split())[:160]
        raise CheckpointError(
            f"the serialized model is incomplete ({type(error).__name__}: {text}); convert it "
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
    outer = {key: value for key, value in model.items() if key.startswith("bridging_")}
    known = {"@class", "@version", "type", "atomic_model", "lora", "spin", "real_sel", *outer}
    strange = sorted(set(model) - known)
    if strange or model["type"] not in TYPES:
        what = strange[0] if strange else model["type"]
        raise CheckpointError(
            f"serialized models of type {model['type']!r} are not supported ({what!r}); give the "
            "checkpoint itself"
        )
    if "spin" in model:
        spin = {key: value for key, value in model["spin"].items() if value is not None}
        outer["spin"] = {"scheme": TYPES[model["type"]], **spin}
    if "real_sel" in model:
        return _without_partners(model["atomic_model"], model["real_sel"]), outer
    return model["atomic_model"], outer


def _without_partners(atomic: Record, real_sel: list[int]) -> dict[str, Any]:
    """DeepSpin's doubled types, and what is excluded of them, are derived again when it is read."""
    n_types = len(atomic["type_map"]) // 2
    pairs = [pair for pair in atomic["pair_exclude_types"] if max(pair) < n_types]
    excluded = [t for t in atomic["atom_exclude_types"] if t < n_types]
    config = atomic["descriptor"]["config"] | {"sel": real_sel, "exclude_types": pairs}
    repeated = [t for t in atomic["fitting"]["exclude_types"] if t < n_types]
    return {
        **atomic,
        "type_map": atomic["type_map"][:n_types],
        "pair_exclude_types": pairs,
        "atom_exclude_types": excluded,
        "descriptor": {**atomic["descriptor"], "config": config},
        "fitting": {**atomic["fitting"], "exclude_types": repeated},
    }


def _options(atomic: Record, outer: Record) -> dict[str, Any]:
    descriptor, fitting = atomic["descriptor"], atomic["fitting"]
    if str(descriptor["type"]).lower() not in ("sezm", "dpa4"):
        raise CheckpointError(f"descriptor type {descriptor['type']!r} is not supported: 'SeZM' is")
    if atomic.get("dens_fitting") is not None or atomic.get("active_mode", "ener") != "ener":
        raise CheckpointError(
            "serialized models with a dens head are not supported; give the checkpoint itself"
        )
    fitting_name = "property fitting" if fitting["type"] == "property" else "fitting"
    for name, part in (("descriptor", descriptor), (fitting_name, fitting)):
        if float(part["@version"]) > NEWEST[name]:
            raise CheckpointError(
                f"the serialized {name} has version {part['@version']}, newer than {NEWEST[name]}, "
                "the newest that this sezm-infer knows; update sezm-infer"
            )
    config = {
        key: value for key, value in descriptor["config"].items() if key not in DERIVED_DESCRIPTOR
    }
    network = fitting["nets"]["networks"][0]
    fitting_net = {key: value for key, value in fitting.items() if key not in DERIVED_FITTING}
    if fitting["type"] == "property":
        fitting_net["property_name"] = fitting["var_name"]
        del fitting_net["atom_ener"]  # none, of a property
    else:
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
        groups[f"fitting_net.filter_layers.networks.{index}."] = _network_variables(network)
    if fitting.get("default_fparam") is not None:
        default = np.array(fitting["default_fparam"], dtype=np.float64)
        groups["fitting_net."] = {**fitting["@variables"], "default_fparam_tensor": default}
    return {
        prefix + key: _tensor(value)
        for prefix, variables in groups.items()
        for key, value in variables.items()
        if value is not None
    }


def _network_variables(network: Record) -> dict[str, Any]:
    """Arrays by the names that a checkpoint has for them, below the network's."""
    if "layers" not in network:
        return dict(network["@variables"])
    return {
        f"layers.{index}.{LAYER_KEYS[key]}": value
        for index, layer in enumerate(network["layers"])
        for key, value in layer["@variables"].items()
    }


def _tensor(value: Any) -> Tensor:
    """An array as a tensor; bfloat16, which HDF5 has not, is stored as two bytes of no type."""
    array = np.array(value)
    if array.dtype == np.dtype("V2"):
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)
