"""Kernels of grid units, against the functions that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from kernel_libraries import with_all_lengths_of_vectors
from operator_files import operator_file
from random_grid_units import random_unit
from sezm_models.sezm.grid_units import GridUnitLayout
from torch import Tensor

LAYOUTS = [
    GridUnitLayout(n_inputs, lmax, kmax)
    for n_inputs in (1, 2)
    for lmax, kmax in ((1, 0), (1, 1), (2, 1), (3, 0), (3, 2), (4, 1))
]
MIXED = {None: "none", 48: "mixing"}
ATOMS = (1, 2, 3, 5, 6, 7, 11, 12, 13, 23, 24, 25, 37, 192)
"""Around multiples of the blocks that kernels compute at a time."""

Arrays = Sequence[np.ndarray]


@cache
def unit_file(layout: GridUnitLayout, width: int | None, dtype: torch.dtype) -> onnx.ModelProto:
    """From a seed, features and weights to the unit and its gradients."""
    features, weights = random_unit(layout, atoms=1, width=width, dtype=dtype)
    numbers = (layout.n_inputs, layout.lmax, layout.kmax)

    def function(seed: Tensor, *tensors: Tensor) -> list[Tensor]:
        x, w = tensors[: layout.n_inputs], tensors[layout.n_inputs :]
        y, *saved = torch.ops.sezm.grid_unit(x, w, *numbers)
        return [y, *torch.ops.sezm.grid_unit_grad(seed, x, saved, w, *numbers)]

    shape = ("N", *features[0].shape[1:])
    inputs = [("seed", shape), *((f"x_{i}", shape) for i in range(layout.n_inputs))]
    inputs += [(f"w_{i}", tuple(w.shape)) for i, w in enumerate(weights.listed())]
    return operator_file(function, inputs, 1 + layout.n_inputs, dtype)


def arguments(
    layout: GridUnitLayout, width: int | None, dtype: torch.dtype, atoms: int
) -> list[np.ndarray]:
    features, weights = random_unit(layout, atoms=atoms, width=width, dtype=dtype)
    seed = torch.cos(torch.arange(features[0].numel(), dtype=dtype)).reshape(features[0].shape)
    return [tensor.numpy() for tensor in (seed, *features, *weights.listed())]


class Session:
    """A file with or without kernels."""

    def __init__(self, file: onnx.ModelProto, kernels: Path | None, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # errors are expected, and raised
        if kernels is not None:
            options.register_custom_ops_library(str(kernels))
        self._session = onnxruntime.InferenceSession(
            file.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, arrays: Arrays) -> Arrays:
        names = [value.name for value in self._session.get_inputs()]
        return self._session.run(None, dict(zip(names, arrays, strict=True)))


@with_all_lengths_of_vectors
@pytest.mark.parametrize("width", MIXED, ids=MIXED.get)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_they_compute_what_the_functions_do(
    layout: GridUnitLayout, width: int | None, kernels: Path
) -> None:
    for dtype, tolerance in ((torch.float64, 1e-13), (torch.float32, 2e-6)):
        file = unit_file(layout, width, dtype)
        with_kernels, without = Session(file, kernels), Session(file, None)
        for atoms in ATOMS:
            given = arguments(layout, width, dtype, atoms)
            for a, b in zip(with_kernels.run(given), without.run(given), strict=True):
                assert a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def test_results_that_nothing_reads_are_left_out(kernels: Path) -> None:
    layout = GridUnitLayout(2, 2, 1)
    features, weights = random_unit(layout, atoms=1, width=None, dtype=torch.float64)

    def second_gradient(seed: Tensor, x: Tensor, z: Tensor, *w: Tensor) -> list[Tensor]:
        _, *saved = torch.ops.sezm.grid_unit([x, z], w, 2, 2, 1)
        return torch.ops.sezm.grid_unit_grad(seed, [x, z], saved, w, 2, 2, 1)[1:]

    shape = ("N", *features[0].shape[1:])
    inputs = [(name, shape) for name in ("seed", "x", "z")]
    inputs += [(f"w_{i}", tuple(w.shape)) for i, w in enumerate(weights.listed())]
    file = operator_file(second_gradient, inputs, 1, torch.float64)
    assert ["" in node.output for node in file.graph.node if node.op_type.startswith("Grid")] == [
        True,
        True,
    ]
    given = arguments(layout, None, torch.float64, 5)
    (found,), (expected,) = (Session(file, library).run(given) for library in (kernels, None))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_results_do_not_depend_on_threads_or_other_atoms(n_inputs: int, kernels: Path) -> None:
    layout = GridUnitLayout(n_inputs, 2, 1)
    file = unit_file(layout, 48, torch.float32)
    given = arguments(layout, 48, torch.float32, 192)
    once = Session(file, kernels).run(given)
    with_two = Session(file, kernels, threads=2)
    for _ in range(5):
        for a, b in zip(with_two.run(given), once, strict=True):
            np.testing.assert_array_equal(a, b)
    fewer = [array[5:36] if array.shape[0] == 192 else array for array in given]
    for a, b in zip(Session(file, kernels).run(fewer), once, strict=True):
        np.testing.assert_array_equal(a, b[5:36])


def test_what_is_not_a_number_stays_so(kernels: Path) -> None:
    layout = GridUnitLayout(1, 2, 1)
    session = Session(unit_file(layout, None, torch.float32), kernels)
    given = arguments(layout, None, torch.float32, 4)
    given[1][2, 3, 7] = np.nan
    for array in session.run(given):
        assert np.isnan(array[2]).any() and not np.isnan(array[[0, 1, 3]]).any()


@pytest.mark.parametrize("n_inputs", [1, 2])
def test_weights_of_wrong_shapes_are_refused(n_inputs: int, kernels: Path) -> None:
    """Of a damaged file; nothing outside of a tensor is read."""
    layout = GridUnitLayout(n_inputs, 2, 1)
    given = arguments(layout, 48, torch.float32, 3)
    file = unit_file(layout, 48, torch.float32)
    for position, array in enumerate(given):
        for axis, length in enumerate(array.shape):
            for wrong in (0, length - 1, length + 1):
                damaged = onnx.ModelProto.FromString(file.SerializeToString())
                for value in damaged.graph.input:
                    for dim in value.type.tensor_type.shape.dim:
                        dim.Clear()
                shape = (*array.shape[:axis], wrong, *array.shape[axis + 1 :])
                changed = [*given]
                changed[position] = np.zeros(shape, array.dtype)
                with pytest.raises(Exception, match="libsezm_kernels"):
                    Session(damaged, kernels).run(changed)


@pytest.mark.parametrize("matrix", ["to_grid", "from_grid"])
@pytest.mark.parametrize("frame", [0, 1])
def test_points_in_another_order_are_refused(matrix: str, frame: int, kernels: Path) -> None:
    """Kernels would give wrong numbers, since they read half of the points."""
    layout = GridUnitLayout(2, 2, 1)
    features, weights = random_unit(layout, atoms=3, width=None, dtype=torch.float32)
    given = arguments(layout, None, torch.float32, 3)
    session = Session(unit_file(layout, None, torch.float32), kernels)
    session.run(given)
    changed = getattr(weights, matrix)[frame]
    position = next(i for i, tensor in enumerate(weights.listed()) if tensor is changed)
    points_axis = 0 if matrix == "to_grid" else 1
    order = np.r_[0, 2, 1, 3 : changed.shape[points_axis]]
    given[1 + len(features) + position] = changed.numpy().take(order, points_axis)
    with pytest.raises(Exception, match="export the file again"):
        session.run(given)
