"""From a model to a graph of ATen operators, derivative included, for any N, E and B.

The graph is traced twice with different sizes and must come out the same. PyTorch's symbolic shapes
do that in one trace, but take three times as long as two plain ones, and specialise on guards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from sezm_models.whole_operators import kept_whole
from torch import Tensor, fx, nn

from sezm_infer.contract import TensorSpec, signature
from sezm_infer.errors import SezmError

from .decompositions import decomposition_table
from .flat_function import EnergyModel, flat_outputs
from .padding_edges import spread_padding_edges
from .recorder import record
from .size_nodes import insert_sizes
from .sizes import FIRST_SAMPLE, SECOND_SAMPLE, SampleSizes

Tensors = tuple[Tensor, ...]


def trace(
    model: EnergyModel,
    *,
    static: SampleSizes | None = None,
    atom_virial: bool = False,
    whole: bool = False,
) -> fx.GraphModule:
    """The graph of :func:`flat_outputs`, its placeholders named and ordered as the contract's.

    Args:
        model: whose parameters become constants of the graph.
        static: fixed sizes; None for a graph that takes any.
        atom_virial: with the atoms' shares in the virial.
        whole: keep the operators of ``sezm_models`` whole, for formats with functions.

    Returns:
        a graph whose nodes carry a meta tensor of the sample sizes in ``meta["val"]``, and itself
        the sample sizes in ``meta["sizes"]``. Sizes are nodes ``aten.sym_size.int`` of an input, or
        products of one with a constant.

    Raises:
        SezmError: the graph depends on the sizes in a way that cannot be exported.
    """

    def function(*inputs: Tensor) -> Tensors:
        if static is not None:
            inputs = spread_padding_edges(inputs, model.cutoff)
        return flat_outputs(model, *inputs, atom_virial=atom_virial)

    if whole:
        function = kept_whole()(function)
    specs = signature(model.conditioning, model.forces_kind, atom_virial=atom_virial).inputs
    if static is not None:
        return _module(*_record_at(function, specs, model.dtype, static), static)
    samples = [replace(size, graph=model.graph_sizes) for size in (FIRST_SAMPLE, SECOND_SAMPLE)]
    return trace_function(function, specs, model.dtype, samples)


def trace_function(
    function: Callable[..., Tensors],
    inputs: Sequence[TensorSpec],
    real: torch.dtype,
    samples: Sequence[SampleSizes],
) -> fx.GraphModule:
    """As :func:`trace`, for any function of flat tensors, at two sets of sample sizes."""
    first, second = samples
    graph, constants = _record_at(function, inputs, real, first)
    again, _ = _record_at(function, inputs, real, second)
    _require_equal(_text(graph, first), _text(again, second))
    insert_sizes(graph, first)
    return _module(graph, constants, first)


def _record_at(
    function: Callable[..., Tensors],
    specs: Sequence[TensorSpec],
    real: torch.dtype,
    sizes: SampleSizes,
) -> tuple[fx.Graph, nn.Module]:
    inputs = {spec.name: _sample(spec, real, sizes) for spec in specs}
    return record(function, inputs, sizes, decomposition_table())


def _module(graph: fx.Graph, constants: nn.Module, sizes: SampleSizes) -> fx.GraphModule:
    module = fx.GraphModule(constants, graph)
    module.meta["sizes"] = sizes
    return module


def _sample(spec: TensorSpec, real: torch.dtype, sizes: SampleSizes) -> Tensor:
    """An input without numbers."""
    dtype = {"real": real, "int64": torch.int64, "float64": torch.float64}[spec.dtype]
    shape = [sizes.by_letter[axis] if isinstance(axis, str) else axis for axis in spec.shape]
    return torch.empty(shape, dtype=dtype, device="meta")


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


def _text(graph: fx.Graph, sizes: SampleSizes) -> list[str]:
    def symbolic(argument: Any) -> Any:
        return sizes.dim(argument) if type(argument) is int else str(argument)

    lines = []
    for node in graph.nodes:
        args = fx.node.map_aggregate((node.args, dict(node.kwargs)), symbolic)
        lines.append(f"{node.name} = {node.target}{args}")
    return lines
