"""The library of kernels: files give the trainer's numbers with it as they do without."""

from __future__ import annotations

import os
from pathlib import Path

import ase
import ase.io
import numpy as np
import onnx
import onnxruntime
import pytest
from exported import assert_file_equals_the_trainer
from exported_files import ExportedFiles
from kernel_libraries import with_all_lengths_of_vectors
from programs import run
from sezm_export.row_program import FIRST_CODE

from sezm_infer import SezmError, evaluate, open_session
from sezm_infer.batch import flat_inputs
from sezm_infer.boxes import box_for_model
from sezm_infer.kernels import computes_messages
from sezm_infer.neighbors import NeighborList

CONFIGURATIONS = {
    "tiny": "radial features per channel",
    "mini": "kernels of radial features",
    "defaults": "four layers, L = 3",
    "plus": "kernels of rank 2, L = 4",
    "neo": "two focus streams",
    "zbl": "gates of bridged models",
}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_files_give_the_trainers_numbers(
    configuration: str, kernels: Path, exported: ExportedFiles
) -> None:
    path = exported.path(configuration)
    assert_file_equals_the_trainer(path, configuration, "float64")


@with_all_lengths_of_vectors
@pytest.mark.parametrize("configuration", ["tiny", "mini", "neo"])
def test_files_in_single_precision_do_so_too(
    configuration: str, kernels: Path, exported: ExportedFiles
) -> None:
    path = exported.path(configuration, "float32")
    assert_file_equals_the_trainer(path, configuration, "float32")


@pytest.mark.parametrize("configuration", ["tiny", "mini"])
def test_staged_files_do_so_too(configuration: str, kernels: Path, exported: ExportedFiles) -> None:
    path = exported.path(configuration, staged=True)
    assert_file_equals_the_trainer(path, configuration, "float64")


def outputs(path: Path, atoms: ase.Atoms, threads: int = 1) -> dict[str, np.ndarray]:
    session = open_session(path, threads=threads)
    edges = NeighborList(session.metadata.cutoff).update(atoms)
    return session.run(flat_inputs([atoms], [edges], session.metadata))


@pytest.fixture
def mini(exported: ExportedFiles) -> Path:
    return exported.path("mini", "float32")


def test_results_do_not_depend_on_the_number_of_threads(kernels: Path, mini: Path) -> None:
    atoms = box_for_model(open_session(mini).metadata, 192)
    once = outputs(mini, atoms)
    for _ in range(5):
        for name, array in outputs(mini, atoms, threads=2).items():
            np.testing.assert_array_equal(array, once[name], name)


def test_atoms_without_neighbours_and_pairs_are_computed(
    kernels: Path, mini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for distance in (1.0, 5.99, 7.0):
        pair = ase.Atoms("OH", [(0, 0, 0), (0, 0, distance)])
        found = outputs(mini, pair)
        monkeypatch.setenv("SEZM_KERNELS", "off")
        for name, expected in outputs(mini, pair).items():
            scale = max(1e-6, float(np.abs(expected).max()))
            np.testing.assert_allclose(found[name], expected, rtol=0, atol=2e-6 * scale)
        monkeypatch.setenv("SEZM_KERNELS", str(kernels))


TILES = (16, 60, 256, 1024)
"""Sizes that kernels compute at a time: rows of a program, edges, a thread's slots, and more."""

EDGES = (0, 1, 2, *(n + offset for n in TILES for offset in (-1, 0, 1)))


@with_all_lengths_of_vectors
@pytest.mark.parametrize("configuration", ["tiny", "mini"])
def test_edges_may_be_any_number_in_any_order(
    configuration: str,
    kernels: Path,
    exported: ExportedFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = exported.path(configuration)
    with_kernels = open_session(path, threads=1)
    monkeypatch.setenv("SEZM_KERNELS", "off")
    without = open_session(path, threads=1)
    generator = np.random.default_rng(3)
    atoms = 13
    for n_edges in EDGES:
        inputs = {
            "pos": np.zeros((atoms, 3)),
            "atomic_numbers": generator.choice([1, 8], atoms),
            "batch": np.zeros(atoms, np.int64),
            "natoms": np.array([atoms]),
            "edge_index": generator.integers(0, atoms, (2, n_edges)),
            "edge_vec": generator.normal(scale=2.0, size=(n_edges, 3)),
            "atom_mask": np.ones(atoms),
        }
        inputs["edge_distance"] = np.linalg.norm(inputs["edge_vec"], axis=1)
        found = with_kernels.run(inputs)
        for name, expected in without.run(inputs).items():
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(
                found[name], expected, rtol=0, atol=1e-11 * scale, err_msg=f"{name}, E={n_edges}"
            )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_a_number_is_not_made_one(
    dtype: str, kernels: Path, exported: ExportedFiles
) -> None:
    session = open_session(exported.path("tiny", dtype), threads=1)
    pair = ase.Atoms("OH", [(0, 0, 0), (0, 0, 1)])
    edges = NeighborList(session.metadata.cutoff).update(pair)
    inputs = flat_inputs([pair], [edges], session.metadata)
    inputs["edge_vec"][0, 0] = np.nan
    outputs = session.run(inputs)
    assert np.isnan(outputs["energy"]).all() and np.isnan(outputs["forces"]).any()


def test_kernels_are_what_runs(kernels: Path, mini: Path, tmp_path: Path) -> None:
    """Otherwise all of the above would hold without them."""
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(str(kernels))
    optimised = tmp_path / "optimised.onnx"
    options.optimized_model_filepath = str(optimised)
    onnxruntime.InferenceSession(str(mini), options)
    kinds = [node.op_type for node in onnx.load(str(optimised)).graph.node]
    assert kinds.count("EdgeMessages_2_1") == kinds.count("EdgeMessagesGrad_2_1") == 2
    for kind in ("GridUnit_1_2_1", "GridUnitGrad_1_2_1", "GridUnit_2_2_1", "GridUnitGrad_2_2_1"):
        assert kinds.count(kind) == 2
    assert sum(kind.startswith("Rows_") for kind in kinds) > 3
    assert sum(kind.startswith("SumRows_") for kind in kinds) > 3
    assert kinds.count("NeighborSlots") == 1 and "TopK" not in kinds


MESSAGES = ("EdgeMessages_1_0", "EdgeMessages_2_1", "EscnMessages_0_2_2", "EscnMessages_6_6_2")
OTHERS = ("", "Rows_0", "EdgeMessagesGrad_2_1", "EdgeMessages_1_2", "EscnMessages_1_2_2")


def test_the_library_says_under_which_names_it_computes_messages(build: Path) -> None:
    library = build / "libsezm_kernels.so"
    for name in MESSAGES:
        assert computes_messages(library, ["Rows_0", name])
    assert not computes_messages(library, [*OTHERS, "EdgeMessages_99_1"])
    assert not computes_messages(build / "libsezm.so", MESSAGES)


def test_graphs_are_optimised_where_kernels_do_not_do_most_of_the_work(
    kernels: Path, mini: Path, tmp_path: Path
) -> None:
    levels = onnxruntime.GraphOptimizationLevel
    assert optimisation(mini) == levels.ORT_DISABLE_ALL
    file = onnx.load(str(mini))
    for named in (*file.functions, *file.graph.node):
        field = "op_type" if isinstance(named, onnx.NodeProto) else "name"
        if getattr(named, field) == "EdgeMessages_2_1":
            setattr(named, field, "EdgeMessages_99_1")
    unknown = tmp_path / "unknown.onnx"
    onnx.save(file, str(unknown))
    assert optimisation(unknown) == levels.ORT_ENABLE_ALL


def optimisation(path: Path) -> onnxruntime.GraphOptimizationLevel:
    return open_session(path)._session.get_session_options().graph_optimization_level


# ------------------------------------------------------------------------------ hostile files


def test_a_damaged_program_is_refused_or_runs_but_reads_nothing_outside(
    kernels: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.onnx"
    atoms = ase.Atoms("OH2", [(0, 0, 0), (0, 0.8, 0.6), (0, -0.8, 0.6)])
    file = onnx.load(str(exported.path("tiny", "float32")))
    programs = {n.input[1] for n in file.graph.node if n.op_type.startswith("Rows_")}
    generator, refused = np.random.default_rng(0), 0
    for _ in range(40):
        damaged = onnx.ModelProto.FromString(file.SerializeToString())
        tensors = [t for t in damaged.graph.initializer if t.name in programs]
        tensor = tensors[generator.integers(len(tensors))]
        words = onnx.numpy_helper.to_array(tensor).copy()
        number = int(generator.choice([-1, 0, 1, 3, 17, 400, 10**6, 2**40, -(2**62)]))
        words[generator.integers(len(words))] = number
        tensor.CopyFrom(onnx.numpy_helper.from_array(words, tensor.name))
        onnx.save(damaged, str(path))
        try:
            outputs(path, atoms)
        except Exception as error:  # ONNX Runtime's errors share no narrower base class
            assert "libsezm_kernels" in str(error)
            refused += 1
    assert refused > 20


def test_programs_of_another_version_are_refused_with_the_remedy(
    kernels: Path, exported: ExportedFiles, tmp_path: Path
) -> None:
    path = tmp_path / "older.onnx"
    file = onnx.load(str(exported.path("tiny", "float32")))
    program = next(n.input[1] for n in file.graph.node if n.op_type == "Rows_0")
    tensor = next(t for t in file.graph.initializer if t.name == program)
    words = onnx.numpy_helper.to_array(tensor).copy()
    first = 3  # of the words of outputs: rank and shape of each
    for _ in range(words[2]):
        first += 1 + words[first]
    words[first + 2] -= FIRST_CODE
    tensor.CopyFrom(onnx.numpy_helper.from_array(words, tensor.name))
    onnx.save(file, str(path))
    with pytest.raises(Exception, match="of another version: export the file again"):
        outputs(path, ase.Atoms("OH", [(0, 0, 0), (0, 0, 1)]))


def test_programs_use_the_library_that_the_variable_names_or_say_that_it_is_missing(
    build: Path, mini: Path, tmp_path: Path
) -> None:
    ase.io.write(tmp_path / "in.extxyz", ase.Atoms("OH", [(0, 0, 0), (0, 0, 1)]))
    command = [build / "sezm_run", mini, tmp_path / "in.extxyz", tmp_path / "out.extxyz"]
    for switch in ("off", str(build / "libsezm_kernels.so"), "libsezm_kernels.so"):
        run(*command, env=os.environ | {"SEZM_KERNELS": switch}, cwd=build)
    said = run(*command, env=os.environ | {"SEZM_KERNELS": "/nowhere.so"}, code=2)
    assert "SEZM_KERNELS" in said and "/nowhere.so" in said


def test_a_library_of_something_else_is_a_clear_error(
    build: Path, mini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEZM_KERNELS", str(build / "libsezm.so"))
    with pytest.raises(SezmError, match=r"libsezm\.so.*SEZM_KERNELS"):
        evaluate(open_session(mini), [ase.Atoms("O")])
