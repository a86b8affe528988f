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
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from configs import CONFIGS, Config
from deepmd_manifest import energy_exponent, make_manifest, write_manifest
from deepmd_model import branches_of, open_checkpoint
from deepmd_results import (
    dead_parameters,
    deviation,
    evaluate,
    inputs_of,
    record,
    spread_within_types,
)
from random_checkpoint import DATA, read_manifest
from systems import System, make_system

#: Agreement demanded by --check, relative to the largest value of the same array.
CHECK_TOLERANCE = 1.0e-12

#: Too slow to differentiate with respect to every parameter, and nothing that water24 lacks.
SKIPPED_IN_GRADIENTS = ("water192",)


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
    if "property" in results:
        rounding = deviation(results["property32"], results["property"])
        return f"property {results['property'].round(2)}, float32 deviation {rounding:.1e}"
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
