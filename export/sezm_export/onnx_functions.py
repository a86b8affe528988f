"""Operators of models that are whole in ONNX files: functions of the file, made of stock operators.

A runtime puts the operators of a function in the place of a call, unless it has a kernel of the
function's name (``export/FORMAT.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from sezm_models.neighbor_rows import ROW_WIDTH
from sezm_models.sezm.edge_layout import EdgeLayout
from sezm_models.sezm.edge_operators import OPERATORS as COMPUTE
from torch import Tensor, fx

from sezm_infer.contract import TensorSpec

from .graph_tools import shape, value
from .simplify_graph import simplify_graph
from .sizes import ALL_ATOMS_SAMPLES, FIRST_SAMPLE, SECOND_SAMPLE, SampleSizes
from .trace import trace_function

Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Operator:
    """An operator of models, with its layout behind its tensors.

    Attributes:
        name: of the functions, without the layout.
        inputs: names of tensors and lists of tensors, each with the size of its first axis, a
            letter of :class:`SlotSizes`; "" of constant shapes.
        compute: what it does.
    """

    name: str
    inputs: dict[str, str]
    compute: Callable[..., list[Tensor]]


OPERATORS: dict[Any, Operator] = {
    torch.ops.sezm.edge_messages.default: Operator(
        "EdgeMessages",
        {
            "source": "S",
            "target": "R",
            "source_slot": "T",
            "source_atom": "P",
            "features": "A",
            "wigner": "S",
            "radial": "S",
            "weight": "S",
            "layer": "",
        },
        COMPUTE["edge_messages"],
    ),
    torch.ops.sezm.edge_messages_grad.default: Operator(
        "EdgeMessagesGrad",
        {
            "source": "S",
            "target": "R",
            "source_slot": "T",
            "source_atom": "P",
            "grad_sums": "A",
            "features": "A",
            "wigner": "S",
            "radial": "S",
            "weight": "S",
            "saved": "S",
            "layer": "",
        },
        COMPUTE["edge_messages_grad"],
    ),
}


@dataclass(frozen=True)
class SlotSizes(SampleSizes):
    """Sizes of tensors that operators take: also S, all slots, and T, slots in rows by source."""

    @property
    def by_letter(self) -> dict[str, int]:
        """See :class:`SampleSizes`."""
        letters = super().by_letter
        return {"S": ROW_WIDTH * letters["R"], "T": ROW_WIDTH * letters["P"]} | letters

    @property
    def sources(self) -> dict[str, tuple[str, int]]:
        """See :class:`SampleSizes`."""
        return {
            "S": ("source", 0),
            "T": ("source_slot", 0),
            "P": ("source_atom", 0),
            "A": ("features", 0),
        }


SAMPLES = tuple(
    SlotSizes(sample.atoms, sample.edges, sample.systems, all_atoms=all_atoms)
    for sample, all_atoms in zip((FIRST_SAMPLE, SECOND_SAMPLE), ALL_ATOMS_SAMPLES, strict=True)
)


class Call:
    """A call of one of :data:`OPERATORS` in a traced graph.

    Args:
        node: of the graph.

    Attributes:
        function: name of the function: EdgeMessages_LMAX_MMAX.
        tensors: nodes of all tensors, in order.
        attributes: of the call.
        used: of each output, whether anything reads it.
    """

    def __init__(self, node: fx.Node) -> None:
        self._operator = OPERATORS[node.target]
        arguments: tuple[Any, ...] = node.args
        *self._inputs, lmax, mmax, per_channel = arguments
        self._layout = EdgeLayout(lmax, mmax, per_channel)
        self.function = f"{self._operator.name}_{lmax}_{mmax}"
        self.tensors = [tensor for given in self._inputs for tensor in _listed(given)]
        self.attributes = {"per_channel": int(per_channel)}
        read = {user.args[1] for user in node.users if user.users}
        self.used = [position in read for position in range(len(node.meta["val"]))]

    @property
    def specs(self) -> list[TensorSpec]:
        """Names and shapes of the function's inputs: all that its operators depend on."""
        return list(self._specs())

    def _specs(self) -> Iterator[TensorSpec]:
        for (name, letter), given in zip(self._operator.inputs.items(), self._inputs, strict=True):
            for position, node in enumerate(_listed(given)):
                own = name if given is node else f"{name}_{position}"
                axes: Shape = (letter, *shape(node)[1:]) if letter else shape(node)
                dtype = "real" if value(node).is_floating_point() else "int64"
                yield TensorSpec(own, axes, dtype, "")

    def body(self) -> fx.GraphModule:
        """The simplified graph of what it does, at any sizes."""
        lengths = [len(_listed(given)) for given in self._inputs]
        listed = [isinstance(given, (list, tuple)) for given in self._inputs]

        def function(*tensors: Tensor) -> tuple[Tensor, ...]:
            rest, arguments = list(tensors), []
            for length, is_list in zip(lengths, listed, strict=True):
                arguments.append(rest[:length] if is_list else rest[0])
                del rest[:length]
            return tuple(self._operator.compute(*arguments, self._layout))

        real = next(value(node).dtype for node in self.tensors if value(node).is_floating_point())
        return simplify_graph(trace_function(function, self.specs, real, SAMPLES))


def _listed(argument: Any) -> Sequence[fx.Node]:
    return argument if isinstance(argument, (list, tuple)) else [argument]
