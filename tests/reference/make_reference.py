#!/usr/bin/env python3
"""Record what DeePMD-kit computes for the models of ``configs.py`` on ``systems.py``.

For every configuration this writes ``data/NAME.json``, the manifest from which
``random_checkpoint.py`` rebuilds the checkpoint, and ``data/NAME.npz``, the results.  DeePMD-kit's
own factory and normaliser make the model; its ``DeepPot`` evaluates the rebuilt checkpoint *file*,
in float32 as shipped and as a float64 twin.  See README.md for the keys and for what to install.

    python make_reference.py [--only NAME,NAME] [--check]
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import deepmd
import numpy as np
import torch
from conditioning_configs import conditioning_of
from configs import CONFIGS, Config
from deepmd.infer import DeepPot
from deepmd.pt.model.model import get_model
from deepmd.pt.train.wrapper import ModelWrapper
from deepmd.pt.utils.multi_task import preprocess_shared_params
from deepmd.utils.argcheck import normalize
from random_checkpoint import DATA, checkpoint_from_manifest, kind_of, read_manifest, with_precision
from systems import System, make_system, spins_of

#: Aimed at when the last layer of the fitting network is scaled: standard deviation of the learned
#: energies among atoms of one type (eV) and largest force (eV/Angstrom) on the first system;
#: neither is exceeded by more than a factor of sqrt(2).
ENERGY_SPREAD = 0.5
LARGEST_FORCE = 8.0

#: Buffers of the state dict that training sets; like the trained parameters they are drawn.
STATISTICS = ("out_bias", "out_std", "bias_atom_e", "param_avg", "param_inv_std")

#: Entries that loading changes: it raises version 1.1 to 1.2.
CONVERTED = (
    "version_tensor",
    "spin_scale",
    "adam_spin_vec_weight",
    "adam_spin_nbr_weight",
    "mag_layer2.matrix",
)

#: Agreement demanded by --check, relative to the largest value of the same array.
CHECK_TOLERANCE = 1.0e-12

#: Values (eV, eV/Angstrom) below this are not looked at relative to themselves.
SMALLEST_SCALE = 1.0e-3

#: Too slow to differentiate with respect to every parameter, and nothing that water24 lacks.
SKIPPED_IN_GRADIENTS = ("water192",)


# --- the model, as DeePMD-kit builds it ----------------------------------------------------------


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


def fresh_wrapper(params: dict[str, Any]) -> ModelWrapper:
    """A freshly initialised model inside the wrapper whose state dict the trainer saves."""
    params = copy.deepcopy(params)
    models = {branch: get_model(section) for branch, section in branches_of(params).items()}
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
        pot = DeepPot(str(path), head=branch if "model_dict" in manifest["model_params"] else None)
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


# --- the manifest --------------------------------------------------------------------------------


def make_manifest(name: str, config: Config) -> dict[str, Any]:
    """The manifest of ``config`` with the energy scale still undecided."""
    params = normalised_params(config)
    wrapper = fresh_wrapper(params)
    exact = fresh_wrapper(with_precision(params, "float64")).state_dict()
    trained = {key for key, _ in wrapper.named_parameters()}
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
    if trained or key.endswith(STATISTICS):
        entry["kind"] = kind_of(key)
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
    inner_model(pot).inter_potential = None  # the learned part only
    result = evaluate(pot, system, inputs)
    by_energy = ENERGY_SPREAD / spread_within_types(result["atom_energy"], system.types)
    by_force = LARGEST_FORCE / np.abs(result["forces"]).max()
    return min(round(math.log2(by_energy)), round(math.log2(by_force)))


def spread_within_types(atom_energy: np.ndarray, types: np.ndarray) -> float:
    """Root mean square deviation (eV) of the energies (n,) from the mean of their type (n,)."""
    counts = np.bincount(types)
    means = np.bincount(types, weights=atom_energy) / np.maximum(counts, 1)
    return float(np.sqrt(np.mean((atom_energy - means[types]) ** 2)))


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


# --- the results ---------------------------------------------------------------------------------

Inputs = dict[str, np.ndarray]

#: What DeePMD-kit calls the inputs beside the structure.
ARGUMENTS = {name: name for name in ("charge_spin", "fparam", "aparam")} | {"spins": "spin"}

#: Those with a row per system; the others have one per atom.
PER_SYSTEM = ("charge_spin", "fparam")


def box_of(system: System) -> np.ndarray | None:
    """DeePMD-kit's cell argument (1, 9): full periodicity (slabs hold their own vacuum) or None."""
    return system.cell.reshape(1, 9) if system.pbc.any() else None


def inputs_of(config: Config, branch: str, name: str, system: System) -> Inputs:
    """What the model sees beside the structure ``name``, by the names of its arguments here."""
    options = [config.model, config.branches.get(branch, {})]
    fitting = {k: v for section in options for k, v in section.get("fitting_net", {}).items()}
    inputs = conditioning_of(name, len(system.types), config.descriptor, fitting)
    if "spin" in config.model:
        inputs["spins"] = spins_of(name, len(system.types))
    return {key: value for key, value in inputs.items() if key not in config.left_out}


def evaluate(pot: DeepPot, system: System, inputs: Inputs) -> dict[str, np.ndarray]:
    """Energy (eV), forces (eV/A), virial (eV), and energy and virial per atom, as float64."""
    named = {ARGUMENTS[name]: value.reshape(1, -1) for name, value in inputs.items()}
    energy, forces, virial, atom_energy, atom_virial, *magnetic = pot.eval(
        system.pos.reshape(1, -1), box_of(system), system.types, atomic=True, **named
    )
    n = len(system.types)
    results = {
        "energy": energy.reshape(()),
        "forces": forces.reshape(n, 3),
        "virial": virial.reshape(3, 3),
        "atom_energy": atom_energy.reshape(n),
        "atom_virial": atom_virial.reshape(n, 3, 3),
    }
    if "spins" in inputs:
        results["magnetic_forces"] = magnetic[0].reshape(n, 3)
    assert all(np.isfinite(value).all() for value in results.values())
    return {key: np.asarray(value, dtype=np.float64) for key, value in results.items()}


def dead_parameters(
    pot: DeepPot, systems: dict[str, System], inputs: dict[str, Inputs]
) -> list[str]:
    """Trained parameters whose energy gradient is exactly zero on all ``systems``."""
    model = inner_model(pot)
    names, parameters = zip(*model.named_parameters(), strict=True)
    alive: set[str] = set()
    model.train()  # keeps the graph behind the energy
    for parameter in parameters:
        parameter.requires_grad_(True)
    for name, system in systems.items():
        box = box_of(system)
        named = {
            ARGUMENTS[key]: torch.tensor(v if key in PER_SYSTEM else v[None])
            for key, v in inputs[name].items()
        }
        energy = model(
            torch.tensor(system.pos[None]).requires_grad_(True),
            torch.tensor(system.types[None]),
            box=None if box is None else torch.tensor(box),
            **named,
        )["energy"]
        gradients = torch.autograd.grad(energy.sum(), parameters, allow_unused=True)
        alive |= {n for n, g in zip(names, gradients, strict=True) if g is not None and g.any()}
    model.eval()
    return [name for name in names if name not in alive]


def record(system: System, inputs: Inputs, pot64: DeepPot, pot32: DeepPot) -> dict[str, np.ndarray]:
    """A system with its results in both precisions, as the .npz file holds them."""
    rounded = evaluate(pot32, system, inputs)
    del rounded["atom_virial"]
    return {
        **vars(system),
        **inputs,
        **evaluate(pot64, system, inputs),
        **{f"{key}32": value for key, value in rounded.items()},
    }


def deviation(values: np.ndarray, reference: np.ndarray) -> float:
    """Largest absolute difference, relative to the largest reference value."""
    scale = max(np.abs(reference).max(), SMALLEST_SCALE)
    return float(np.abs(values - reference).max() / scale)


# --- the commands --------------------------------------------------------------------------------


def systems_of(config: Config) -> dict[str, System]:
    """The systems of ``config`` by name."""
    rcut = config.descriptor["rcut"]
    return {name: make_system(name, config.type_map, rcut) for name in config.systems}


def make(name: str, config: Config) -> None:
    """Write the manifest and the results of one configuration and print a summary."""
    start = time.monotonic()
    systems = systems_of(config)
    manifest = make_manifest(name, config)
    first = config.systems[0]
    branches = branches_of(manifest["model_params"])
    manifest["energy_exponent"] = energy_exponent(
        manifest, systems[first], inputs_of(config, next(iter(branches)), first, systems[first])
    )
    small = {key: value for key, value in systems.items() if key not in SKIPPED_IN_GRADIENTS}
    arrays: dict[str, np.ndarray] = {}
    manifest["dead_parameters"] = []
    for branch in branches:
        inputs = {key: inputs_of(config, branch, key, system) for key, system in systems.items()}
        pot64, pot32 = (open_checkpoint(manifest, p, branch) for p in ("float64", "float32"))
        for system_name, system in systems.items():
            results = record(system, inputs[system_name], pot64, pot32)
            prefix = record_prefix(branch, system_name)
            arrays |= {f"{prefix}{key}": value for key, value in results.items()}
            print(f"{prefix} {describe(results)}")
        dead = dead_parameters(pot64, small, inputs)
        manifest["dead_parameters"] += [f"model.{branch}.{key}" for key in dead]
    path = write_manifest(manifest)
    np.savez_compressed(path.with_suffix(".npz"), **arrays)
    print("dead:", *manifest["dead_parameters"], sep="\n  ")
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)


def record_prefix(branch: str, system_name: str) -> str:
    """Beginning of a system's keys in the .npz file; multitask files name the branch, too."""
    return f"{system_name}/" if branch == "Default" else f"{branch}/{system_name}/"


def describe(results: dict[str, np.ndarray]) -> str:
    """One line about the results on a system, for the person who runs this."""
    spread = spread_within_types(results["atom_energy"], results["types"])
    largest = np.abs(results["forces"]).max()
    rounding = deviation(results["forces32"], results["forces"])
    return (
        f"energy spread {spread:.2f} eV, largest force {largest:.2g} eV/A, "
        f"float32 force deviation {rounding:.1e}"
    )


def check(name: str, config: Config) -> None:
    """Evaluate the rebuilt checkpoint again and compare with what is recorded."""
    manifest = read_manifest(name)
    recorded = np.load(DATA / f"{name}.npz")
    worst = 0.0
    for branch in branches_of(manifest["model_params"]):
        pot = open_checkpoint(manifest, "float64", branch)
        for system_name, system in systems_of(config).items():
            prefix = record_prefix(branch, system_name)
            assert np.array_equal(system.pos, recorded[f"{prefix}pos"])
            inputs = inputs_of(config, branch, system_name, system)
            for key, value in evaluate(pot, system, inputs).items():
                worst = max(worst, deviation(value, recorded[f"{prefix}{key}"]))
    print(f"{name}: reproduced to {worst:.1e}", flush=True)
    assert worst < CHECK_TOLERANCE


def main() -> None:
    """Run the configurations named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(CONFIGS), help="names, separated by commas")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    DATA.mkdir(exist_ok=True)
    for name in arguments.only.split(","):
        (check if arguments.check else make)(name, CONFIGS[name])


if __name__ == "__main__":
    main()
