"""From a model to a graph of ATen operators, derivative included, for any N, E and B.

The graph is traced twice with different sizes and must come out the same. PyTorch's symbolic shapes
do that in one trace, but take three times as long as two plain ones, and specialise on guards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, fx
from torch._subclasses import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from sezm_infer.contract import TensorSpec, signature
from sezm_infer.errors import SezmError

from .constant_mode import ConstantMode
from .decompositions import decomposition_table
from .flat_function import EnergyModel, flat_outputs
from .padding_edges import spread_padding_edges
from .size_nodes import insert_sizes
from .sizes import FIRST_SAMPLE, SECOND_SAMPLE, SampleSizes


def trace(
    model: EnergyModel, *, static: SampleSizes | None = None, atom_virial: bool = False
) -> fx.GraphModule:
    """The graph of :func:`flat_outputs`, its placeholders named and ordered as the contract's.

    Args:
        model: whose parameters become constants of the graph.
        static: fixed sizes; None for a graph that takes any.
        atom_virial: with the atoms' shares in the virial.

    Returns:
        a graph whose nodes carry a fake tensor of the sample sizes in ``meta["val"]``, and itself
        the sample sizes in ``meta["sizes"]``. Sizes are nodes ``aten.sym_size.int`` of an input, or
        products of one with a constant.

    Raises:
        SezmError: the graph depends on the sizes in a way that cannot be exported.
    """
    sizes = static or replace(FIRST_SAMPLE, graph=model.graph_sizes)
    graph = _trace_at(model, sizes, atom_virial)
    if sizes.symbolic:
        other = replace(SECOND_SAMPLE, graph=model.graph_sizes)
        _require_equal(_text(graph, sizes), _text(_trace_at(model, other, atom_virial), other))
        insert_sizes(graph.graph, sizes)
        graph.recompile()
    graph.meta["sizes"] = sizes
    return graph


def _trace_at(model: EnergyModel, sizes: SampleSizes, atom_virial: bool) -> fx.GraphModule:
    def function(*inputs: Tensor) -> tuple[Tensor, ...]:
        with ConstantMode(sizes):
            if not sizes.symbolic:
                inputs = spread_padding_edges(inputs, model.cutoff)
            return flat_outputs(model, *inputs, atom_virial=atom_virial)

    specs = signature(model.conditioning, model.forces_kind, atom_virial=atom_virial).inputs
    tracer = make_fx(
        function,
        tracing_mode="fake",
        decomposition_table=decomposition_table(),
        _allow_non_fake_inputs=True,  # parameters are real: they become constants
    )
    graph = tracer(*[_sample(spec, model.dtype, sizes) for spec in specs])
    placeholders = [node for node in graph.graph.nodes if node.op == "placeholder"]
    for node, spec in zip(placeholders, specs, strict=True):
        node.name = node.target = spec.name
    _describe_constants(graph, placeholders[0].meta["val"].fake_mode)
    return graph


def _describe_constants(graph: fx.GraphModule, fake_mode: FakeTensorMode) -> None:
    """Fake values for parameters and buffers too; ``make_fx`` leaves them without."""
    for node in graph.graph.nodes:
        if node.op == "get_attr":
            node.meta["val"] = fake_mode.from_tensor(getattr(graph, node.target))


def _sample(spec: TensorSpec, real: torch.dtype, sizes: SampleSizes) -> Tensor:
    """Only its shape and dtype reach the trace."""
    dtype = {"real": real, "int64": torch.int64, "float64": torch.float64}[spec.dtype]
    shape = [sizes.by_letter[axis] if isinstance(axis, str) else axis for axis in spec.shape]
    return torch.zeros(shape, dtype=dtype)


def _require_equal(first: list[str], second: list[str]) -> None:
    """Texts of a graph at two sets of sizes."""
    for line, other in zip(first, second, strict=False):
        if line != other:
            raise SezmError(
                f"the model's graph depends on the numbers of atoms or edges ({line} against "
                f"{other}); export it with static sizes."
            )
    if len(first) != len(second):
        raise SezmError(
            f"the model's graph depends on the numbers of atoms or edges ({len(first)} against "
            f"{len(second)} operators); export it with static sizes."
        )


def _text(graph: fx.GraphModule, sizes: SampleSizes) -> list[str]:
    def symbolic(argument: Any) -> Any:
        return sizes.dim(argument) if type(argument) is int else str(argument)

    lines = []
    for node in graph.graph.nodes:
        args = fx.node.map_aggregate((node.args, dict(node.kwargs)), symbolic)
        lines.append(f"{node.name} = {node.target}{args}")
    return lines
