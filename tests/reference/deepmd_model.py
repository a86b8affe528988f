"""Models as DeePMD-kit makes them, and as its ``DeepPot`` opens them."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import torch
from configs import Config
from deepmd.infer import DeepPot
from deepmd.infer.deep_property import DeepProperty
from deepmd.pt.model.model import get_model
from deepmd.pt.train.wrapper import ModelWrapper
from deepmd.pt.utils.multi_task import preprocess_shared_params
from deepmd.utils.argcheck import normalize
from random_checkpoint import checkpoint_from_manifest

#: Entries that loading changes: it raises version 1.1 to 1.2.
CONVERTED = (
    "version_tensor",
    "spin_scale",
    "adam_spin_vec_weight",
    "adam_spin_nbr_weight",
    "mag_layer2.matrix",
)


def branch_section(config: Config, changes: dict[str, Any]) -> dict[str, Any]:
    """The model section of one branch as a training input would give it."""
    section = {
        "type": "dpa4",
        "type_map": list(config.type_map),
        "descriptor": {"type": "dpa4", "seed": 7, **config.descriptor},
        **config.model,
        **changes,
        "fitting_net": {
            "type": "dpa4_ener",
            "seed": 7,
            **config.model.get("fitting_net", {}),
            **changes.get("fitting_net", {}),
        },
    }
    return copy.deepcopy(section)


def multitask_section(config: Config) -> dict[str, Any]:
    """The model section of all branches, which share type map and descriptor."""
    sections = {b: branch_section(config, changes) for b, changes in config.branches.items()}
    shared = {"types": list(config.type_map)}
    for section in sections.values():
        shared["descriptor"] = section["descriptor"]
        section |= {"type_map": "types", "descriptor": "descriptor"}
    return preprocess_shared_params({"shared_dict": shared, "model_dict": sections})[0]


def training_input(config: Config) -> dict[str, Any]:
    """The smallest training input around the model that DeePMD-kit's normaliser accepts."""
    learning_rate = {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-6}
    data = {"training_data": {"systems": ["none"]}}
    loss = {"type": "ener"}
    if not config.branches:
        return {
            "model": branch_section(config, {}),
            "learning_rate": learning_rate,
            "loss": loss,
            "training": {"numb_steps": 1, **data},
        }
    return {
        "model": multitask_section(config),
        "learning_rate": learning_rate,
        "loss_dict": dict.fromkeys(config.branches, loss),
        "training": {
            "numb_steps": 1,
            "model_prob": dict.fromkeys(config.branches, 1.0),
            "data_dict": dict.fromkeys(config.branches, data),
        },
    }


def normalised_params(config: Config) -> dict[str, Any]:
    """The model section of ``config`` with every option spelt out, as checkpoints store it."""
    params = normalize(training_input(config), multi_task=bool(config.branches))["model"]
    for section in branches_of(params).values():
        section["info"] = {"observed_type": sorted(config.type_map)}
    return params


def branches_of(params: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The model section of every branch; a model of a single task has the branch ``Default``."""
    return params.get("model_dict", {"Default": params})


def fresh_wrapper(params: dict[str, Any], dens: bool) -> ModelWrapper:
    """A freshly initialised model inside the wrapper whose state dict the trainer saves."""
    params = copy.deepcopy(params)
    models = {branch: get_model(section) for branch, section in branches_of(params).items()}
    for model in models.values() if dens else ():
        model.set_active_mode("dens")
    return ModelWrapper(models, model_params=params)


def inner_model(pot: DeepPot) -> torch.nn.Module:
    """The torch module inside a loaded ``DeepPot``."""
    return pot.deep_eval.dp.model["Default"]


def open_checkpoint(manifest: dict[str, Any], precision: str, branch: str) -> DeepPot:
    """``DeepPot`` on the checkpoint rebuilt from ``manifest``; checks that all of it is loaded."""
    checkpoint = checkpoint_from_manifest(manifest, precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.ckpt.pt"
        torch.save(checkpoint, path)
        params = manifest["model_params"]
        is_property = branches_of(params)[branch]["fitting_net"]["type"] == "property"
        kind = DeepProperty if is_property else DeepPot
        pot = kind(str(path), head=branch if "model_dict" in params else None)
    loaded = inner_model(pot).state_dict()
    prefix = f"model.{branch}."
    rebuilt = {
        k.removeprefix(prefix): v for k, v in checkpoint["model"].items() if k.startswith(prefix)
    }
    assert loaded.keys() == rebuilt.keys(), loaded.keys() ^ rebuilt.keys()
    for key, value in rebuilt.items():
        if not key.endswith(CONVERTED):
            assert loaded[key].dtype == value.dtype, key
            assert torch.equal(loaded[key], value), f"{key} differs after loading"
    return pot
