#!/usr/bin/env python3
"""Record what DeePMD-kit computes for the checkpoints of ``file_variants.py``, and its other files.

Writes ``data/variants.npz`` (keys ``VARIANT/SYSTEM/KEY`` as in README.md, results only),
``data/neutral_forms.json`` (the JSON records of ``.dp`` files, see ``neutral_files.py``) and
``data/layers.npz`` with ``data/layers.json`` (``serialize()`` of single layers, their inputs and
outputs).

    python record_variants.py
"""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from deepmd.dpmodel.descriptor.dpa4_nn import so3 as neutral_so3
from deepmd.dpmodel.model.model import get_model as get_neutral_model
from deepmd.dpmodel.utils.serialization import load_dp_model, save_dp_model
from deepmd.entrypoints.convert_backend import convert_backend
from deepmd.infer import DeepPot
from deepmd.pt.model.descriptor.sezm_nn.ffn import EquivariantFFN
from deepmd.pt.model.descriptor.sezm_nn.lora import apply_lora_to_sezm
from deepmd.pt.model.descriptor.sezm_nn.so3 import SO3Linear
from deepmd.pt.model.model.sezm_model import SeZMModel
from deepmd_model import fresh_wrapper
from deepmd_results import evaluate
from file_variants import (
    VARIANT_SYSTEMS,
    VARIANTS,
    Checkpoint,
    build_variant,
    model_params,
)
from layer_cases import LAYERS
from neutral_files import NEUTRAL, REFERENCE_BACKEND
from random_checkpoint import DATA, build_checkpoint, read_manifest, standard_draws
from systems import make_system


def open_pot(checkpoint: Checkpoint) -> DeepPot:
    """``DeepPot`` on a checkpoint, which must hold what such a model stores."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.ckpt.pt"
        torch.save(checkpoint, path)
        pot = DeepPot(str(path))
    require_same_entries(checkpoint)
    return pot


def require_same_entries(checkpoint: Checkpoint) -> None:
    """Names and dtypes are those of a fresh model with the same options."""
    wrapper = fresh_wrapper(model_params(checkpoint))
    lora = model_params(checkpoint).get("lora")
    if lora is not None:
        apply_lora_to_sezm(wrapper.model["Default"], **lora)
    fresh, stored = wrapper.state_dict(), checkpoint["model"]
    assert fresh.keys() == stored.keys(), fresh.keys() ^ stored.keys()
    for key, value in fresh.items():
        assert key == "_extra_state" or value.dtype == stored[key].dtype, key


def record_variant(name: str) -> dict[str, np.ndarray]:
    """Results on the systems, of the float64 twin (no suffix) and as stored (suffix 32)."""
    configuration = VARIANTS[name][0]
    manifest = read_manifest(configuration)
    pots = {"32": open_pot(build_variant(name)), "": open_pot(build_variant(name, "float64"))}
    arrays = {}
    for system_name in VARIANT_SYSTEMS:
        type_map = manifest["model_params"]["type_map"]
        system = make_system(system_name, type_map, manifest["rcut"])
        for suffix, pot in pots.items():
            results = evaluate(pot, system)
            print(name, system_name, suffix, float(results["energy"]))
            arrays |= {
                f"{name}/{system_name}/{key}{suffix}": results[key]
                for key in ("energy", "forces", "virial", "atom_energy")
            }
    return arrays


def neutral_form(name: str, configuration: str) -> dict[str, Any]:
    """What ``dp convert-backend`` writes for a configuration."""
    checkpoint = build_checkpoint(configuration)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "model.pt", Path(folder) / "model.dp"
        torch.save(checkpoint, source)
        convert_backend(INPUT=str(source), OUTPUT=str(target))
        model = load_dp_model(str(target))["model"]
        if name in REFERENCE_BACKEND:
            save_in_reference_backend(configuration, model, target)
        else:
            again = SeZMModel.deserialize(model).state_dict()
            for key, value in again.items():
                if not key.endswith("version_tensor"):  # loading 1.1 raises it to 1.2
                    assert torch.equal(value, checkpoint["model"][f"model.Default.{key}"]), key
        return describe_file(target, checkpoint)


def save_in_reference_backend(configuration: str, model: dict[str, Any], target: Path) -> None:
    """The same model in the form of DeePMD-kit's NumPy backend."""
    params = copy.deepcopy(read_manifest(configuration)["model_params"])
    if params["bridging_method"].lower() == "none":
        params["type"] = "standard"
    record = get_neutral_model(params).serialize()
    learned = record["models"][0] if "models" in record else record
    copy_variables(model["atomic_model"], learned)
    content = {"backend": "DPModel", "model": record, "model_def_script": {}, "@variables": {}}
    save_dp_model(str(target), content)


def copy_variables(source: Any, target: Any) -> None:
    """Fill the arrays of a record with those at the same places of another."""
    items = target.items() if isinstance(target, dict) else enumerate(target)
    for key, value in items:
        if key == "@variables":
            value |= {name: source[key][name] for name in value}
        elif isinstance(value, dict | list):
            copy_variables(source[key], value)


def describe_file(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """The JSON record, and for each dataset the checkpoint's entry of equal value, or the value."""
    entries = {k: v.numpy() for k, v in checkpoint["model"].items() if k != "_extra_state"}
    with h5py.File(path) as file:
        record = json.loads(file.attrs["json"])
        datasets = {f"/{key}": value[()] for key, value in file.items()}
    variables = {}
    for dataset, value in datasets.items():
        same = (
            key
            for key, entry in entries.items()
            if entry.dtype == value.dtype and np.array_equal(entry, value)
        )
        key = next(same, None)
        variables[dataset] = {"value": value.tolist()} if key is None else {"entry": key}
    for key in ("time", "model_def_script"):
        record.pop(key, None)
    return {"record": record, "variables": variables}


def record_layer(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """``serialize()`` of a layer with random weights, without arrays, and input, output, arrays."""
    kind, options, shape = LAYERS[name]
    layer = make_layer(kind, options)
    record = layer.serialize()
    variables = record["@variables"]
    for key, value in variables.items():
        if value.dtype == np.float64:
            variables[key] = standard_draws("layers", f"{name}/{key}", value.size).reshape(
                value.shape
            ) / np.sqrt(max(value.shape[0], 4))
    layer = type(layer).deserialize(copy.deepcopy(record))
    x = standard_draws("layers", f"{name}/x", int(np.prod(shape))).reshape(shape)
    y = layer(torch.from_numpy(x)).detach().numpy() if kind in PT else layer.call(x)
    arrays = {f"{name}/x": x, f"{name}/y": y}
    arrays |= {f"{name}/variables/{key}": value for key, value in variables.items()}
    return {k: v for k, v in record.items() if k != "@variables"}, arrays


PT = {"EquivariantFFN": EquivariantFFN, "SO3Linear": SO3Linear}
"""Layers that the PyTorch backend serializes itself; the others are its NumPy backend's."""


def make_layer(kind: str, options: dict[str, Any]) -> Any:
    """A layer in float64."""
    if kind in PT:
        return PT[kind](**options, dtype=torch.float64, trainable=True)
    return getattr(neutral_so3, kind)(**options, precision="float64")


def main() -> None:
    """Record everything."""
    torch.set_num_threads(1)
    arrays: dict[str, np.ndarray] = {}
    for name in VARIANTS:
        arrays |= record_variant(name)
    np.savez_compressed(DATA / "variants.npz", **arrays)
    forms = {name: neutral_form(name, source) for name, source in NEUTRAL.items()}
    (DATA / "neutral_forms.json").write_text(json.dumps(forms, indent=None) + "\n")
    layers, arrays = {}, {}
    for name in LAYERS:
        layers[name], found = record_layer(name)
        arrays |= found
    (DATA / "layers.json").write_text(json.dumps(layers, indent=1) + "\n")
    np.savez_compressed(DATA / "layers.npz", **arrays)


if __name__ == "__main__":
    main()
