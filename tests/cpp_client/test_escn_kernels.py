"""Kernels for messages of eSCN layers: the numbers of the files' own operators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from escn_models import DATA, escn, fairchems_inputs, wide_content
from kernel_libraries import with_all_lengths_of_vectors
from sezm_export import export
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.simplify_graph import simplify_graph
from sezm_export.trace import trace
from sezm_models.escn.energy_model import ESCNEnergyModel

from sezm_infer import open_session

PARTS = (8, 64, 512)
"""Edges that kernels take at a time."""

EDGES = (0, 1, 2, *(n + offset for n in PARTS for offset in (-1, 0, 1)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, files = tmp_path_factory.mktemp("escn"), {}
    for dtype in (torch.float64, torch.float32):
        name = str(dtype).rpartition(".")[2]
        torch.save(wide_content(dtype), folder / name)
        files[name] = folder / f"{name}.onnx"
        export(folder / name, files[name])
    return files


def random_inputs(atoms: int, edges: int, dtype: str = "float64") -> dict[str, np.ndarray]:
    """Any atoms at the ends; some edges are beyond the cutoff."""
    generator = np.random.default_rng(edges)
    vec = generator.normal(scale=1.5, size=(edges, 3)).astype(dtype)
    return {
        "pos": np.zeros((atoms, 3), dtype),
        "atomic_numbers": generator.choice([1, 8], atoms),
        "batch": np.zeros(atoms, np.int64),
        "natoms": np.array([atoms]),
        "edge_index": generator.integers(0, atoms, (2, edges)),
        "edge_distance": np.linalg.norm(vec, axis=1),
        "edge_vec": vec,
        "atom_mask": np.ones(atoms, dtype),
    }


@with_all_lengths_of_vectors
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-4)])
def test_edges_may_be_any_number_in_any_order(
    dtype: str,
    tolerance: float,
    kernels: Path,
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_kernels = open_session(files[dtype], threads=1)
    monkeypatch.setenv("SEZM_KERNELS", "off")
    without = open_session(files[dtype], threads=1)
    for edges in EDGES:
        for atoms in (3, 40):
            inputs = random_inputs(atoms, edges, dtype)
            found = with_kernels.run(inputs)
            for name, expected in without.run(inputs).items():
                scale = max(1.0, float(np.abs(expected).max()))
                np.testing.assert_allclose(
                    found[name],
                    expected,
                    rtol=0,
                    atol=tolerance * scale,
                    err_msg=f"{name}, {atoms} atoms, {edges} edges",
                )


def test_results_do_not_depend_on_the_number_of_threads(
    kernels: Path, files: dict[str, Path]
) -> None:
    inputs = random_inputs(90, 1500, "float32")
    once = open_session(files["float32"], threads=1).run(inputs)
    session = open_session(files["float32"], threads=2)
    for _ in range(5):
        for name, array in session.run(inputs).items():
            np.testing.assert_array_equal(array, once[name], name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_a_number_is_not_made_one(
    dtype: str, kernels: Path, files: dict[str, Path]
) -> None:
    inputs = random_inputs(20, 100, dtype)
    inputs["edge_vec"][0, 0] = np.nan
    outputs = open_session(files[dtype], threads=1).run(inputs)
    assert np.isnan(outputs["energy"]).all() and np.isnan(outputs["forces"]).any()


def test_models_of_default_size_compute_what_fairchem_does(kernels: Path, tmp_path: Path) -> None:
    model = ESCNEnergyModel(escn("default"), wigner_input=True)
    file = tmp_path / "model.onnx"
    file_format, metadata = format_of(file), describe(model, "")
    graph = simplify_graph(trace(model, whole=True))
    file_format.save(file_format.lower(graph, metadata), metadata, file)
    found = open_session(file, threads=1).run(fairchems_inputs("default"))
    with np.load(DATA / "escn.npz") as recorded:
        for output in ("energy", "forces"):
            expected = recorded[f"default/{output}"]
            assert np.abs(found[output] - expected).max() <= 1e-10 * np.abs(expected).max()


def test_kernels_are_what_runs(kernels: Path, files: dict[str, Path], tmp_path: Path) -> None:
    """Otherwise all of the above would hold without them."""
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(str(kernels))
    optimised = tmp_path / "optimised.onnx"
    options.optimized_model_filepath = str(optimised)
    onnxruntime.InferenceSession(str(files["float32"]), options)
    kinds = [node.op_type for node in onnx.load(str(optimised)).graph.node]
    assert kinds.count("EscnMessages_0_3_2") == 1 and kinds.count("EscnMessages_3_3_2") == 2
    assert kinds.count("EscnPoints") == 3


def test_calls_with_tensors_that_do_not_fit_are_refused(
    kernels: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    file = onnx.load(str(files["float32"]))
    place = next(i for i, n in enumerate(file.graph.node) if n.op_type == "EscnMessages_3_3_2")
    inputs = random_inputs(5, 30, "float32")
    n_inputs = len(file.graph.node[place].input)
    for i in range(2, n_inputs):
        damaged = onnx.ModelProto.FromString(file.SerializeToString())
        call = damaged.graph.node[place]
        call.input[i] = call.input[i + 1 if i < n_inputs - 1 else 2]
        del damaged.graph.value_info[:]
        onnx.save(damaged, str(tmp_path / "damaged.onnx"))
        if _same_shape(file, i, place):
            continue
        with pytest.raises(Exception, match="libsezm_kernels"):
            open_session(tmp_path / "damaged.onnx", threads=1).run(inputs)


def _same_shape(file: onnx.ModelProto, i: int, place: int) -> bool:
    """Weights of the real and of the imaginary part are as good as each other."""
    shapes = {t.name: tuple(t.dims) for t in file.graph.initializer}
    names = file.graph.node[place].input
    return i + 1 < len(names) and shapes.get(names[i]) == shapes.get(names[i + 1], ())
