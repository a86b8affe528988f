"""One file of each format gives the eager model's numbers at every size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from agreement import assert_agree
from random_inputs import random_inputs
from sezm_export import EagerSession, export_model
from sezm_export.describe import describe
from sezm_export.simplify_graph import simplify_graph
from sezm_export.torchscript import to_torchscript
from sezm_export.trace import trace
from toy_model import ToyModel

from sezm_infer.sessions import open_session

DTYPES = {"float32": torch.float32, "float64": torch.float64}

SIZES = (  # N, E, B
    (1, 0, 1),
    (1, 3, 1),
    (2, 1, 1),
    (2, 2, 1),
    (3, 0, 2),
    (3, 7, 2),
    (24, 500, 5),
    (192, 9000, 1),
    (192, 9000, 5),
)


class _AllActivations(ToyModel):
    """Every activation that a SeZM model may use, between two layers."""

    def forward(self, atomic_numbers, batch, natoms, edge_index, edge_vec):
        energy = super().forward(atomic_numbers, batch, natoms, edge_index, edge_vec)
        x = energy.to(self.dtype)
        functional = torch.nn.functional
        activated = (
            functional.silu(x),
            functional.gelu(x, approximate="tanh"),
            functional.relu(x),
            functional.softplus(x),
            torch.clamp(x, 0.0, 6.0),
            torch.softmax(torch.stack([x, x * x], 1), 1)[:, 0],
            torch.where(x > 0.1, torch.tanh(x), torch.sigmoid(x)),
        )
        return torch.stack(activated).sum(0).double()


RUNS_ON_ALL_THREADS = 100
THREADS_AGREE = 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_equals_eager_at_all_sizes(toy_file, suffix, dtype):
    session = open_session(toy_file(suffix, dtype), threads=1)
    eager = EagerSession.from_model(ToyModel(DTYPES[dtype]))
    for seed, sizes in enumerate(SIZES):
        for sort in (True, False):
            inputs = random_inputs(*sizes, dtype=dtype, seed=seed, sort=sort)
            assert_agree(session.run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_onnx_has_all_activations(tmp_path, dtype):
    export_model(_AllActivations(DTYPES[dtype]), tmp_path / "model.onnx")  # proves itself


def test_one_process_compiles_models_that_are_alike():
    """TorchScript would take modules of one class, with equal names inside, for the same code."""
    graph = simplify_graph(trace(ToyModel(torch.float64)))
    metadata = describe(ToyModel(torch.float64), "0" * 64)
    one, other = (to_torchscript(graph, metadata) for _ in range(2))
    assert one.code == other.code


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_one_atom_may_have_all_edges(toy_file, suffix):
    """As padding edges do; sums must neither fail nor take memory for it."""
    inputs = random_inputs(50, 3000)
    inputs["edge_index"][:, 500:] = 7
    session = open_session(toy_file(suffix, "float64"), threads=1)
    eager = EagerSession.from_model(ToyModel(torch.float64))
    assert_agree(session.run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_nan_of_masked_atoms_stays_there(toy_file, suffix):
    inputs = random_inputs(6, 0)
    inputs["atomic_numbers"][3] = 9
    session = open_session(toy_file(suffix, "float64"), threads=1)
    assert np.isnan(session.run(inputs)["energy"][0])
    inputs["atom_mask"][3] = 0.0
    assert np.isfinite(session.run(inputs)["energy"][0])


@pytest.mark.parametrize("sort", [True, False])
def test_onnx_on_two_threads_equals_one(toy_file, sort):
    """ONNX Runtime's ScatterND sum loses updates here, in most runs."""
    file = toy_file(".onnx", "float32")
    inputs = random_inputs(192, 9000, dtype="float32", sort=sort)
    expected = open_session(file, threads=1).run(inputs)
    session = open_session(file, threads=2)
    largest = np.abs(expected["forces"]).max()
    for _ in range(RUNS_ON_ALL_THREADS // 2):  # and as many with the other order of edges
        difference = np.abs(session.run(inputs)["forces"] - expected["forces"]).max()
        assert difference <= THREADS_AGREE * largest
