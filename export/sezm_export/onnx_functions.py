"""Operators of models that are whole in ONNX files: functions of the file, made of stock operators.

A runtime puts the operators of a function in the place of a call, unless it has a kernel of the
function's name (``export/FORMAT.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from sezm_models.neighbor_rows import ROW_WIDTH
from torch import Tensor, fx

from sezm_infer.contract import TensorSpec

from .graph_tools import shape, value
from .onnx_function_table import OPERATORS
from .simplify_graph import simplify_graph
from .sizes import ALL_ATOMS_SAMPLES, FIRST_SAMPLE, SECOND_SAMPLE, SampleSizes
from .trace import trace_function


@dataclass(frozen=True)
class FunctionSizes(SampleSizes):
    """Sizes of tensors that operators take: also S, all slots, and T, slots in rows by source.

    Attributes:
        inputs: an input, and an axis of it, for each letter that the operator's inputs have.
    """

    inputs: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def by_letter(self) -> dict[str, int]:
        """See :class:`SampleSizes`."""
        letters = super().by_letter
        slots = {"S": ROW_WIDTH * letters["R"], "T": ROW_WIDTH * letters["Q"]}
        return {letter: slots[letter] for letter in slots if letter in self.inputs} | letters

    @property
    def sources(self) -> Mapping[str, tuple[str, int]]:
        """See :class:`SampleSizes`."""
        return self.inputs


class Call:
    """A call of one of :data:`~sezm_export.onnx_function_table.OPERATORS` in a traced graph.

    Args:
        node: of the graph.

    Attributes:
        function: name of the function.
        tensors: nodes of all tensors, in order.
        attributes: of the call.
        used: of each output, whether anything reads it.
    """

    def __init__(self, node: fx.Node) -> None:
        self._operator = OPERATORS[node.target]
        n_inputs = len(self._operator.inputs)
        arguments: tuple[Any, ...] = node.args
        self._inputs, self._numbers = arguments[:n_inputs], arguments[n_inputs:]
        numbers = map(int, self._numbers)
        self.function, self.attributes = self._operator.function(
            dict(zip(self._operator.numbers, numbers, strict=True))
        )
        self.tensors = [tensor for given in self._inputs for tensor in _listed(given)]
        read = {user.args[1] for user in node.users if user.users}
        self.used = [position in read for position in range(len(node.meta["val"]))]

    @property
    def specs(self) -> list[TensorSpec]:
        """Names and shapes of the function's inputs: all that its operators depend on."""
        return list(self._specs())

    def _specs(self) -> Iterator[TensorSpec]:
        for (name, axes), given in zip(self._operator.inputs.items(), self._inputs, strict=True):
            for position, node in enumerate(_listed(given)):
                own = name if given is node else f"{name}_{position}"
                lengths: list[int | str] = list(shape(node))
                for axis, letter in enumerate(axes):
                    if letter != ".":
                        lengths[axis] = letter
                dtype = "real" if value(node).is_floating_point() else "int64"
                yield TensorSpec(own, tuple(lengths), dtype, "")

    def body(self) -> fx.GraphModule:
        """The simplified graph of what it does, at any sizes."""
        lengths = [len(_listed(given)) for given in self._inputs]
        listed = [isinstance(given, (list, tuple)) for given in self._inputs]

        def function(*tensors: Tensor) -> tuple[Tensor, ...]:
            rest, arguments = list(tensors), []
            for length, is_list in zip(lengths, listed, strict=True):
                arguments.append(rest[:length] if is_list else rest[0])
                del rest[:length]
            return tuple(self._operator.compute(*arguments, *self._numbers))

        specs = self.specs
        types = (value(node).dtype for node in self.tensors)
        real = next(
            (dtype for dtype in types if dtype.is_floating_point), torch.get_default_dtype()
        )
        return simplify_graph(trace_function(function, specs, real, _samples(specs)))


def _samples(specs: Sequence[TensorSpec]) -> list[FunctionSizes]:
    """Two sets of sizes, which follow from these inputs."""
    inputs: dict[str, tuple[str, int]] = {}
    for spec in specs:
        for axis, letter in enumerate(spec.shape):
            if isinstance(letter, str):
                inputs.setdefault(letter, (spec.name, axis))
    return [
        FunctionSizes(
            sample.atoms, sample.edges, sample.systems, all_atoms=all_atoms, inputs=inputs
        )
        for sample, all_atoms in zip((FIRST_SAMPLE, SECOND_SAMPLE), ALL_ATOMS_SAMPLES, strict=True)
    ]


def _listed(argument: Any) -> Sequence[fx.Node]:
    return argument if isinstance(argument, (list, tuple)) else [argument]
