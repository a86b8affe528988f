"""Manifests of random checkpoints: shapes, constants and scale, as DeePMD-kit has them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import deepmd
import numpy as np
import torch
from configs import Config
from deepmd.infer.deep_property import DeepProperty
from deepmd_model import branches_of, fresh_wrapper, inner_model, normalised_params, open_checkpoint
from deepmd_results import Inputs, evaluate, spread_within_types
from random_checkpoint import DATA, kind_of, with_precision
from systems import System

#: Aimed at when the last layer of the fitting network is scaled: standard deviation of the learned
#: energies among atoms of one type (eV) and largest force (eV/Angstrom) on the first system;
#: neither is exceeded by more than a factor of sqrt(2).
ENERGY_SPREAD = 0.5
LARGEST_FORCE = 8.0

#: Buffers of the state dict that training sets; like the trained parameters they are drawn.
STATISTICS = ("out_bias", "out_std", "bias_atom_e", "param_avg", "param_inv_std")
DENS_STATISTICS = ("dens_force_rmsd",)


def make_manifest(name: str, config: Config) -> dict[str, Any]:
    """The manifest of ``config`` with the energy scale still undecided."""
    params = normalised_params(config)
    wrapper = fresh_wrapper(params, config.dens)
    exact = fresh_wrapper(with_precision(params, "float64"), config.dens).state_dict()
    trained = {key for key, _ in wrapper.named_parameters(remove_duplicate=False)}
    return {
        "name": name,
        "made_with": {
            "deepmd-kit": deepmd.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "rcut": config.descriptor["rcut"],
        "energy_exponent": 0,
        "model_params": params,
        "entries": {
            key: manifest_entry(key, value, exact[key], key in trained, config)
            for key, value in wrapper.state_dict().items()
            if key != "_extra_state"
        },
    }


def manifest_entry(
    key: str, value: torch.Tensor, exact: torch.Tensor, trained: bool, config: Config
) -> dict[str, Any]:
    """One state-dict entry: how it is drawn, or its constant values (``exact``: in float64)."""
    entry = {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape)}
    if trained or key.endswith(STATISTICS + DENS_STATISTICS * config.dens):
        entry["kind"] = kind_of(key)
        if "._networks." in key:  # the networks of a property head are stored twice
            entry["shared_with"] = key.replace("._networks.", ".networks.")
        if config.branches and ".descriptor." in key:
            entry["shared_with"] = key.replace(key.split(".")[1], next(iter(config.branches)), 1)
        return entry
    if key.endswith("case_embd"):  # all zero in a fresh model
        exact[list(config.branches).index(key.split(".")[1])] = 1.0
    elif key.endswith("version_tensor"):
        exact = exact.new_tensor(config.version)
    else:
        assert torch.equal(exact.to(value.dtype), value), f"{key} is not a rounded constant"
    return {**entry, "kind": "constant", "values": exact.tolist()}


def energy_exponent(manifest: dict[str, Any], system: System, inputs: Inputs) -> int:
    """The power of two for the last fitting layer that gives physical energies and forces."""
    pot = open_checkpoint(manifest, "float64", next(iter(branches_of(manifest["model_params"]))))
    if isinstance(pot, DeepProperty):
        return 0
    inner_model(pot).inter_potential = None  # the learned part only
    result = evaluate(pot, system, inputs)
    by_energy = ENERGY_SPREAD / spread_within_types(result["atom_energy"], system.types)
    if "virial" not in result:  # forces of their own, which this layer does not scale
        return round(math.log2(by_energy))
    by_force = LARGEST_FORCE / np.abs(result["forces"]).max()
    return min(round(math.log2(by_energy)), round(math.log2(by_force)))


def write_manifest(manifest: dict[str, Any]) -> Path:
    """Write ``data/NAME.json`` with one line per state-dict entry."""
    path = DATA / f"{manifest['name']}.json"
    head = {key: value for key, value in manifest.items() if key != "entries"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    entries = [
        f"    {json.dumps(key)}: {json.dumps(entry)}" for key, entry in manifest["entries"].items()
    ]
    lines.append('  "entries": {\n' + ",\n".join(entries) + "\n  }")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return path
