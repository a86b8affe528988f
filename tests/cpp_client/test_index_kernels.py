"""Kernels of slots and of sums, alone: what they compute, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from sezm_models.neighbor_slots import neighbor_slots

Arrays = list[np.ndarray]


def run_kernel(
    library: Path, name: str, inputs: Sequence[np.ndarray], outputs: Sequence[int], threads: int = 1
) -> Arrays:
    """One call as a file of its own; ``outputs`` are the ONNX types of the results."""

    def info(value: str, element_type: int, shape: Sequence[int] | None) -> onnx.ValueInfoProto:
        return onnx.helper.make_tensor_value_info(value, element_type, shape)

    given = {f"input_{i}": array for i, array in enumerate(inputs)}
    results = [f"output_{i}" for i in range(len(outputs))]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(name, list(given), results, domain="sezm")],
        name,
        [
            info(key, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for key, array in given.items()
        ],
        [info(key, element_type, None) for key, element_type in zip(results, outputs, strict=True)],
    )
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("sezm", 1)]
    file = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(str(library))
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.SerializeToString(), options)
    return session.run(None, given)


# ---------------------------------------------------------------------------------- slots


def slots_by_kernel(
    library: Path, source: torch.Tensor, target: torch.Tensor, n_atoms: int, n_targets: int
) -> Arrays:
    sizes = [np.zeros(n_atoms, np.int64), np.zeros(n_targets, np.int64)]
    inputs = [source.numpy(), target.numpy(), *sizes]
    return run_kernel(library, "NeighborSlots", inputs, [onnx.TensorProto.INT64] * 6)


@pytest.mark.parametrize(("n_atoms", "n_targets"), [(1, 1), (7, 7), (9, 4), (300, 192)])
@pytest.mark.parametrize("n_edges", [0, 1, 4, 63, 64, 5000])
def test_slots_are_exactly_those_of_stock_operators(
    n_atoms: int, n_targets: int, n_edges: int, kernels: Path
) -> None:
    """Of ghosts, atoms that are sources but no targets, too."""
    generator = torch.Generator().manual_seed(n_atoms + n_edges)
    source = torch.randint(n_atoms, (n_edges,), generator=generator)
    target = torch.randint(n_targets, (n_edges,), generator=generator)
    found = slots_by_kernel(kernels, source, target, n_atoms, n_targets)
    expected = neighbor_slots(source, target, n_atoms, n_targets)
    for name, array in zip(expected._fields, found, strict=True):
        np.testing.assert_array_equal(array, getattr(expected, name).numpy(), name)


@pytest.mark.parametrize("atom", [-1, 4, 2**62])
@pytest.mark.parametrize("end", ["source", "target"])
def test_edges_of_atoms_that_do_not_exist_are_refused(atom: int, end: str, kernels: Path) -> None:
    ends = {"source": torch.tensor([0, 1, 2]), "target": torch.tensor([2, 3, 1])}
    ends[end][1] = atom
    with pytest.raises(Exception, match="libsezm_kernels: an index is beyond"):
        slots_by_kernel(kernels, ends["source"], ends["target"], 4, 4)


# ---------------------------------------------------------------------------------- sums


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("trailing", [(), (1,), (3, 3), (63,), (64,), (65,), (5, 100), (0,)])
@pytest.mark.parametrize("n_rows", [0, 1, 2000])
def test_sums_are_those_of_the_rows_in_their_order(
    dtype: type, trailing: tuple[int, ...], n_rows: int, kernels: Path
) -> None:
    generator = np.random.default_rng(n_rows)
    rows = generator.normal(size=(n_rows, *trailing)).astype(dtype)
    index, size = generator.integers(0, 17, n_rows), 20
    expected = np.zeros((size, *trailing), dtype)
    for row, segment in zip(rows, index, strict=True):
        expected[segment] += row
    inputs = [rows, index, np.array([size])]
    outputs = [onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))]
    for threads in (1, 2):
        (found,) = run_kernel(kernels, "SumRows_0", inputs, outputs, threads)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("index", "size"), [([0, 5], 5), ([-1, 0], 5), ([0, 0], -1), ([0, 0], 2**62), ([0], 5)]
)
def test_sums_of_damaged_files_are_refused(index: list[int], size: int, kernels: Path) -> None:
    inputs = [np.ones((2, 3), np.float32), np.array(index), np.array([size])]
    with pytest.raises(Exception, match="libsezm_kernels"):
        run_kernel(kernels, "SumRows_0", inputs, [onnx.TensorProto.FLOAT])
