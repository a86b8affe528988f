"""NequIP side by side with mlip's jitted model, on the CPU, in the same run.

    python benchmarks/nequip_mlip.py --mlip-python VENV/bin/python [--atoms 100 500]

The model is that of NequipConfig's defaults, with random weights; the structures are jittered
lattices of the density of water. Prints rows of the table in docs/nequip.md: CPU milliseconds of
energy, forces and stress, all threads together, neighbours given, and the peak memory of a process
that does nothing else. Each engine is asked to use one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ase
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SPACING = 2.15
REPEATS = 5
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def main() -> None:
    """Measure all engines at all sizes, one process each."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlip-python", required=True, help="of an environment with mlip 0.2.2")
    parser.add_argument("--atoms", type=int, nargs="+", default=[100, 500])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = write_model(folder)
        worker = [options.mlip_python, ROOT / "benchmarks/mlip_worker.py", model]
        for atoms in options.atoms:
            structure = write_structure(atoms, folder)
            rows = {"mlip, jitted": result([*worker, structure, str(REPEATS)])}
            for suffix, engine in ((".onnx", "ONNX Runtime"), (".pt", "TorchScript")):
                command = [sys.executable, __file__, "--measure", model.with_suffix(suffix)]
                rows[engine] = result([*command, structure])
            for engine, row in rows.items():
                compare(row, rows["mlip, jitted"])
                print(f"| {atoms} | {engine} | {row['ms']:.0f} | {row['mb']:.0f} |", flush=True)


def write_model(folder: Path) -> Path:
    """The default model as mlip's zip file, and exported in both formats."""
    sys.path += [str(ROOT / "tests/support"), str(ROOT / "tests/reference")]
    from nequip_cases import write_case
    from sezm_export import export

    path = write_case("default", folder / "model.zip")
    for suffix in (".onnx", ".pt"):
        export(path, path.with_suffix(suffix), static=None)
    return path


def write_structure(atoms: int, folder: Path) -> Path:
    """A lattice with atoms moved at random, of H, C and O."""
    rng = np.random.default_rng(atoms)
    counts = shape_of(atoms)
    sites = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3)
    path = folder / f"{atoms}.npz"
    np.savez(
        path,
        numbers=rng.choice([1, 6, 8], size=atoms),
        positions=SPACING * sites + rng.uniform(-0.2, 0.2, sites.shape),
        cell=np.diag(SPACING * np.array(counts, float)),
    )
    return path


def shape_of(atoms: int) -> tuple[int, int, int]:
    """Three factors of a number, as equal as they get."""
    factors = [
        (a, b, atoms // (a * b))
        for a in range(1, atoms + 1)
        for b in range(a, atoms + 1)
        if atoms % (a * b) == 0
    ]
    return min(factors, key=lambda sides: max(sides) - min(sides))


def result(command: list[str | Path]) -> dict[str, float]:
    """What a process prints as its last line."""
    done = subprocess.run(
        command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(row: dict[str, float], reference: dict[str, float]) -> None:
    """All compute the same thing."""
    for name in ("energy", "force"):
        assert abs(row[name] - reference[name]) <= 1e-4 * abs(reference[name]), (row, reference)


def measured(model: Path, structure: Path) -> dict[str, float]:
    """One exported file in this process."""
    from sezm_infer.batch import flat_inputs
    from sezm_infer.neighbors import NeighborList
    from sezm_infer.sessions import open_session

    session = open_session(model, threads=1)
    with np.load(structure) as stored:
        atoms = ase.Atoms(stored["numbers"], stored["positions"], cell=stored["cell"], pbc=True)
    edges = NeighborList(session.metadata.cutoff).update(atoms)
    inputs = flat_inputs([atoms], [edges], session.metadata)
    found = session.run(inputs)
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = session.run(inputs)
        times.append(time.process_time() - start)
    return {
        "ms": 1e3 * min(times),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "energy": float(found["energy"][0]),
        "force": float(np.abs(found["forces"]).max()),
    }


if __name__ == "__main__":
    main()
