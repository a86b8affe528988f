"""Time an eSCN model of default size here and in fairchem-core 1.10.0, on one core, one by one.

    python benchmarks/escn_fairchem.py --fairchem-python PYTHON --fairchem-folder FOLDER

PYTHON is an interpreter with fairchem's needs, FOLDER its unzipped wheel; both are set up as
``tests/reference/record_escn.py`` says. Every contestant runs in a process of its own, on the same
float32 weights, atoms, and edges. Seconds are those of the processor, so that other work on the
machine counts little; contestants take turns, and the least time of each counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY / "tests" / "reference")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from escn_cases import draw_weights  # noqa: E402

KERNELS = "ONNX + kernels"
CONTESTANTS = ("fairchem eager", "eager", "TorchScript", "ONNX", KERNELS)
FILES = {"TorchScript": "model.pt", "ONNX": "model.onnx", KERNELS: "model.onnx"}
LONG_SECONDS = 10.0
"""After so long no evaluation is repeated: those that take long need no warming up."""

TENSORS = ("pos", "batch", "natoms", "atomic_numbers", "edge_index", "edge_distance", "edge_vec")


def main() -> None:
    """Print a table."""
    options = _options()
    if options.contestant is not None:
        _run(options)
        return
    from sezm_infer.kernels import kernel_library

    if kernel_library() is None:
        raise SystemExit("there are no kernels; run 'make kernels', or set SEZM_KERNELS.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(folder, options)
        print(f"{'atoms':>6}{'edges':>8}  {'':16}{'CPU s':>8}{'faster':>8}{'peak MB':>9}")
        for atoms in options.atoms:
            edges = _write_inputs(folder, atoms, options.max_neighbors)
            rounds = [
                {name: _in_process(name, folder, options) for name in CONTESTANTS}
                for _ in range(options.rounds)
            ]
            for name in CONTESTANTS:
                results = [one[name] for one in rounds]
                best = min(results, key=lambda one: one["seconds"])
                if name == CONTESTANTS[0]:
                    reference = best
                speed = reference["seconds"] / best["seconds"]
                print(
                    f"{atoms:6}{edges:8}  {name:16}{best['seconds']:8.2f}{speed:8.2f}"
                    f"{best['peak_mb']:9.0f}"
                )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fairchem-python", default=sys.executable)
    parser.add_argument("--fairchem-folder", type=Path, required=True)
    parser.add_argument("--atoms", type=int, nargs="+", default=[102, 501])
    parser.add_argument("--max-neighbors", type=int, default=20, help="as published models have")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _model_options(max_neighbors: int) -> dict[str, Any]:
    return {"max_neighbors": max_neighbors}


def _write_files(folder: Path, options: argparse.Namespace) -> None:
    """The model in both formats, without proof: that takes long, and tests do it."""
    from sezm_export.describe import describe
    from sezm_export.formats import format_of
    from sezm_export.simplify_graph import simplify_graph
    from sezm_export.trace import trace

    model = _model(options.max_neighbors)
    metadata = describe(model, "")
    for name in set(FILES.values()):
        file_format = format_of(folder / name)
        graph = simplify_graph(trace(model, whole=file_format.has_functions))
        file_format.save(file_format.lower(graph, metadata), metadata, folder / name)


def _model(max_neighbors: int) -> Any:
    from sezm_models.escn import eSCN
    from sezm_models.escn.energy_model import ESCNEnergyModel

    net = eSCN(**_model_options(max_neighbors))
    draw_weights(net.named_parameters(), net.config.num_layers)
    return ESCNEnergyModel(net).eval()


def _write_inputs(folder: Path, atoms: int, max_neighbors: int) -> int:
    """Liquid water; returns the number of edges."""
    from sezm_export.describe import describe

    from sezm_infer.batch import flat_inputs
    from sezm_infer.boxes import water_box
    from sezm_infer.neighbors import NeighborList

    metadata = describe(_model(max_neighbors), "")
    box = water_box(atoms // 3)
    edges = NeighborList(metadata.cutoff, max_neighbors=metadata.max_neighbors).update(box)
    np.savez(folder / "inputs.npz", **flat_inputs([box], [edges], metadata))
    return len(edges.distances)


def _in_process(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    python = options.fairchem_python if name == "fairchem eager" else sys.executable
    command = [python, __file__, "--contestant", name, "--folder", folder]
    command += ["--fairchem-folder", options.fairchem_folder]
    command += ["--max-neighbors", options.max_neighbors]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if name != KERNELS:
        environment["SEZM_KERNELS"] = "off"
    done = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def _run(options: argparse.Namespace) -> None:
    """One contestant: warm up, time, and print what was found."""
    torch.set_num_threads(1)
    with np.load(options.folder / "inputs.npz") as file:
        inputs = dict(file)
    step = _step(options, inputs)
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < LONG_SECONDS:
        start = time.process_time()
        step()
        seconds.append(time.process_time() - start)
    print(json.dumps({"seconds": min(seconds), "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Of this process alone; what getrusage tells began in the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _step(options: argparse.Namespace, inputs: dict[str, np.ndarray]) -> Callable[[], np.ndarray]:
    """A function that evaluates once and returns forces."""
    if options.contestant == "fairchem eager":
        return _fairchem_step(options, inputs)
    if options.contestant == "eager":
        from sezm_export.eager import EagerSession

        session: Any = EagerSession.from_model(_model(options.max_neighbors))
    else:
        from sezm_infer.sessions import open_session

        session = open_session(options.folder / FILES[options.contestant], threads=1)
    return lambda: session.run(inputs)["forces"]


def _fairchem_step(
    options: argparse.Namespace, inputs: dict[str, np.ndarray]
) -> Callable[[], np.ndarray]:
    from record_escn import fairchem_escn

    escn = fairchem_escn(options.fairchem_folder)
    model = escn.eSCN(**_model_options(options.max_neighbors), export=True).eval()
    trained = [(key, p) for key, p in model.named_parameters() if p.requires_grad]
    draw_weights(trained, model.num_layers)
    tensors = [torch.from_numpy(inputs[name]) for name in TENSORS]

    def step() -> np.ndarray:
        with torch.no_grad():
            return model(*tensors)[1].numpy()

    return step


if __name__ == "__main__":
    main()
