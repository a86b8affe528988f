"""mlip's side of nequip_mlip.py, run in mlip's environment: MODEL.zip STRUCTURE.npz REPEATS.

Prints one JSON object: CPU milliseconds of a jitted energy, forces and stress, the least of
REPEATS, peak memory in MB, energy, largest force.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import ase
import jax
import numpy as np
from mlip.data.chemical_system import ChemicalSystem
from mlip.graph import Graph
from mlip.models import ForceField
from mlip.models.model_io import load_model_from_zip
from mlip.models.nequip.network import Nequip
from mlip.typing.properties import Properties


def main(model: str, structure: str, repeats: int) -> None:
    """Measure one structure."""
    loaded = load_model_from_zip(Nequip, model)
    network = loaded.predictor.mlip_network
    field = ForceField.from_mlip_network(network, Properties(stress=True), seed=0)
    field = ForceField(field.predictor, loaded.params)
    with np.load(structure) as stored:
        atoms = ase.Atoms(stored["numbers"], stored["positions"], cell=stored["cell"], pbc=True)
    system = ChemicalSystem.from_ase_atoms(atoms, get_property_fields=False)
    graph = Graph.from_chemical_system(system, network.dataset_info.graph_cutoff_angstrom, None)
    calculate = jax.jit(field.calculate)
    found = jax.block_until_ready(calculate(graph))
    times = []
    for _ in range(repeats):
        start = time.process_time()
        found = jax.block_until_ready(calculate(graph))
        times.append(time.process_time() - start)
    record = {
        "ms": 1e3 * min(times),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "energy": float(np.asarray(found.globals.energy)[0]),
        "force": float(np.abs(np.asarray(found.nodes.forces)).max()),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
