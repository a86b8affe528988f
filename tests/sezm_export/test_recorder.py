"""What the recorder puts into a graph, and what it computes at once."""

from __future__ import annotations

import pytest
import torch
from sezm_export.decompositions import decomposition_table
from sezm_export.recorder import record
from sezm_export.sizes import SampleSizes
from torch import fx

aten = torch.ops.aten

SIZES = SampleSizes(atoms=1009, edges=5003, systems=211)


def recorded(function) -> fx.GraphModule:
    """Of a function of one value per atom."""
    x = torch.empty(SIZES.atoms, dtype=torch.float64, device="meta")
    graph, constants = record(function, {"x": x}, SIZES, decomposition_table())
    return fx.GraphModule(constants, graph)


def called(module: fx.GraphModule) -> list:
    return [node.target for node in module.graph.nodes if node.op == "call_function"]


X = torch.linspace(-1, 1, SIZES.atoms, dtype=torch.float64)
WEIGHT = torch.tensor([3.0, 1.0, 2.0], dtype=torch.float64)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x + (WEIGHT * WEIGHT).sum(),),
        lambda x: (x * torch.ones(x.shape[0], dtype=torch.float64),),  # names no device
        lambda x: (torch.arange(x.shape[0]) + x,),
        lambda x: (torch.sort(x, descending=True, stable=True)[1],),
        lambda x: (x.repeat(2, 3).sum(0), x.unsqueeze(1).repeat(1, 2)),
    ],
)
def test_graphs_compute_what_the_function_does(function) -> None:
    module = recorded(function)
    for found, expected in zip(module(X), function(X), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_work_on_parameters_alone_is_done_at_once() -> None:
    assert called(recorded(lambda x: (x * (WEIGHT * WEIGHT).sum().sqrt(),))) == [aten.mul.Tensor]


def test_what_depends_on_sizes_is_not() -> None:
    module = recorded(lambda x: (torch.ones(x.shape[0], dtype=torch.float64).sum(),))
    assert aten.sum.dim_IntList in called(module) or aten.sum.default in called(module)


def test_results_describe_themselves() -> None:
    for node in recorded(lambda x: (x[:5].double().exp(),)).graph.nodes:
        if node.op == "call_function":
            assert node.meta["val"].device.type == "meta"


def test_a_derivative_is_recorded_too() -> None:
    def slope(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(leaf.sin().sum(), leaf)

    (found,) = recorded(slope)(X)
    torch.testing.assert_close(found, X.cos(), rtol=0, atol=0)
