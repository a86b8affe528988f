"""Record what mlip 0.2.2 computes with NequIP models, and one small file that it writes.

    python -m venv V && V/bin/pip install mlip==0.2.2 e3nn-jax==0.21.0
    JAX_ENABLE_X64=1 JAX_PLATFORMS=cpu V/bin/python tests/reference/record_nequip.py [case ...]

Writes ``data/nequip_<case>.json`` (hyperparameters and shapes of the parameters),
``data/nequip_<case>.npz`` (structure and float64 results), and ``data/nequip_tiny.zip``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ase
import jax
import jax.numpy as jnp
import mlip
import numpy as np
from mlip.data import DatasetInfo
from mlip.data.chemical_system import ChemicalSystem
from mlip.graph import Graph
from mlip.models import ForceField
from mlip.models.model_io import save_model_to_zip
from mlip.models.nequip.config import NequipConfig
from mlip.models.nequip.network import Nequip
from mlip.typing.properties import Properties
from mlip.utils.dict_flatten import flatten_dict, unflatten_dict
from nequip_files import weights

DATA = Path(__file__).parent / "data"
E0 = {1: -13.587, 6: -1029.4, 8: -2041.8}
SMALL = {
    "num_layers": 2,
    "target_irreps": "8x0e + 8x0o + 4x1o + 4x1e + 2x2e + 2x2o",
    "l_max": 2,
    "num_rbf": 6,
    "radial_mlp_hidden": [16, 16],
}
CHARGED = {"total_charge_set": [-1, 0, 1], "long_range_cutoff_angstrom": 7.0}
CASES = {
    "tiny": ({**SMALL, "target_irreps": "4x0e + 2x1o", "num_layers": 1}, {}),
    "small": (
        {**SMALL, "num_layers": 3, "l_max": 3},
        {"scaling_mean": 0.3, "scaling_stdev": 1.7},
    ),
    "soft": (
        {
            **SMALL,
            "radial_envelope": "soft_envelope",
            "use_residual_connection": False,
            "radial_mlp_activation": "tanh",
            "gate_nonlinearities": {"e": "elu", "o": "tanh"},
            "add_atomic_energies": False,
            "avg_num_neighbors": 7.0,
            "deterministic_scatter_ops": True,
        },
        {},
    ),
    "cosine": (
        {
            **SMALL,
            "radial_envelope": "cosine_cutoff",
            "radial_mlp_activation": "sigmoid",
            "gate_nonlinearities": {"e": "relu", "o": "none"},
            "num_species": 5,
            "l_max": 4,
        },
        {},
    ),
    "coulomb": (
        {**SMALL, "use_coulomb_term": True, "use_total_charge_embedding": True},
        CHARGED,
    ),
    "coulomb_alone": (
        {**SMALL, "use_coulomb_term": True, "radial_mlp_activation": "sigmoid"},
        CHARGED,
    ),
    "heads": (
        {**SMALL, "num_readout_heads": 2},
        {"dataset_name": ["a", "b"], "atomic_energies_map": [E0, {1: -1.0, 6: -2.0, 8: -3.0}]},
    ),
    "even": ({**SMALL, "num_layers": 3, "target_irreps": "12x0e + 6x1o + 3x2e"}, {}),
    "default": ({}, {}),
}


def structure() -> ase.Atoms:
    """Nine atoms, no two closer than 1.3 Angstrom, in a cell without symmetry."""
    rng = np.random.default_rng(11)
    cell = np.array([[5.1, 0.0, 0.0], [1.3, 4.6, 0.0], [-0.7, 0.9, 5.4]])
    points: list[np.ndarray] = []
    while len(points) < 9:
        point = rng.random(3)
        steps = [point - other for other in points]
        if all(np.linalg.norm((d - np.round(d)) @ cell) > 1.3 for d in steps):
            points.append(point)
    return ase.Atoms(rng.choice([1, 6, 8], size=9), np.array(points) @ cell, cell=cell, pbc=True)


def record(case: str) -> None:
    options, information = CASES[case]
    defaults = {
        "atomic_energies_map": E0,
        "graph_cutoff_angstrom": 4.0,
        "avg_num_neighbors": 11.5,
    }
    info = DatasetInfo(**{**defaults, **information})
    network = Nequip(config=NequipConfig(**options), dataset_info=info)
    charged = network.config.predict_partial_charges
    properties = Properties(stress=True, partial_charges=charged)
    field = ForceField.from_mlip_network(network, properties, seed=0)
    shapes = {"#".join(key): value.shape for key, value in flatten_dict(field.params).items()}
    drawn = weights(shapes)
    field = ForceField(
        field.predictor,
        unflatten_dict({tuple(k.split("#")): jnp.asarray(v, float) for k, v in drawn.items()}),
    )
    atoms = structure()
    if charged:
        atoms.info["charge"] = 1
    system = ChemicalSystem.from_ase_atoms(atoms, get_property_fields=False)
    graph = Graph.from_chemical_system(
        system, info.graph_cutoff_angstrom, info.long_range_cutoff_angstrom
    )
    results = {"numbers": atoms.numbers, "positions": atoms.positions, "cell": atoms.cell.array}
    for head in range(network.config.num_readout_heads):
        chosen = graph.replace_globals(dataset_idx=np.array([head], np.int32)) if head else graph
        found = jax.jit(field.calculate)(chosen)
        results |= {
            f"energy_{head}": found.globals.energy,
            f"node_energy_{head}": found.nodes.features["energy"],
            f"forces_{head}": found.nodes.forces,
            f"stress_{head}": found.globals.stress,
        }
        if charged:
            results[f"partial_charges_{head}"] = found.nodes.partial_charges
    results = {name: np.asarray(value) for name, value in results.items()}
    np.savez_compressed(DATA / f"nequip_{case}.npz", **results)
    hyperparameters = {
        "config": json.loads(network.config.model_dump_json()),
        "dataset_info": json.loads(info.model_dump_json()),
        "version": mlip.__version__,
    }
    recorded = {"hyperparameters": hyperparameters, "shapes": shapes}
    (DATA / f"nequip_{case}.json").write_text(json.dumps(recorded, indent=1) + "\n")
    if case == "tiny":
        narrow = {tuple(k.split("#")): jnp.asarray(v) for k, v in drawn.items()}
        save_model_to_zip(
            DATA / "nequip_tiny.zip", ForceField(field.predictor, unflatten_dict(narrow))
        )
    print(case, results["energy_0"], np.abs(results["forces_0"]).max(), flush=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        record(name)
