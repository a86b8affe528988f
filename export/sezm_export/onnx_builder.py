"""Collects the nodes and constants of an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sezm_infer.contract import TensorSpec

OPSET = 18
"""The first in which ScatterElements has "max" and all reductions take axes as an input. Nothing
newer is needed, and every ONNX Runtime since 1.14, OpenVINO and others read it."""

IR_VERSION = 8
"""The file layout that goes with opset 18."""

DOMAIN, DOMAIN_VERSION = "sezm", 1
"""Of functions."""

LARGEST_SHARED, LARGEST_IN_PIECES = 8, 512
"""Elements of constants of functions; see :func:`_constant_nodes`."""


class OnnxConstants:
    """Constants of a file, each stored once."""

    def __init__(self) -> None:
        self.tensors: list[TensorProto] = []
        self._names: dict[tuple[Any, ...], str] = {}

    def name_of(self, array: np.ndarray) -> str:
        """The name of a constant."""
        array = np.asarray(array, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._names:
            name = f"constant_{len(self.tensors)}"
            self.tensors.append(numpy_helper.from_array(array, name))
            self._names[key] = name
        return self._names[key]

    def as_nodes(self) -> list[onnx.NodeProto]:
        """Nodes that make them, for functions, which have no other constants."""
        return [node for tensor in self.tensors for node in _constant_nodes(tensor)]


def _constant_nodes(tensor: TensorProto) -> list[onnx.NodeProto]:
    """Nodes that make a constant, small ones in pieces.

    ONNX Runtime (1.31) computes once what two functions compute of equal values. It takes equal
    constants for one value if they have up to eight elements, and looks before it joins pieces.
    """
    array = numpy_helper.to_array(tensor)
    if array.size <= LARGEST_SHARED or array.size > LARGEST_IN_PIECES:
        return [helper.make_node("Constant", [], [tensor.name], value=tensor)]
    flat = array.reshape(-1)
    pieces = {
        f"{tensor.name}_{start}": flat[start : start + LARGEST_SHARED]
        for start in range(0, array.size, LARGEST_SHARED)
    }
    joined, axes = f"{tensor.name}_joined", f"{tensor.name}_shape"
    pieces_and_shape = pieces | {axes: np.array(array.shape, dtype=np.int64)}
    return [
        *(
            helper.make_node("Constant", [], [name], value=numpy_helper.from_array(piece))
            for name, piece in pieces_and_shape.items()
        ),
        helper.make_node("Concat", list(pieces), [joined], axis=0),
        helper.make_node("Reshape", [joined, axes], [tensor.name]),
    ]


class OnnxFunctions:
    """Functions of a file: each may be called from all of its graphs.

    Attributes:
        by_name: the functions.
        signatures: of each, its inputs.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, onnx.FunctionProto] = {}
        self.signatures: dict[str, list[TensorSpec]] = {}

    def add(self, function: onnx.FunctionProto, inputs: list[TensorSpec]) -> None:
        """A function that has no namesake here."""
        self.by_name[function.name], self.signatures[function.name] = function, inputs


class OnnxBuilder:
    """Nodes of one graph in order of execution.

    Args:
        constants: of the file.
        functions: of the file; None in one of them, which calls no others.
        prefix: of the names of all values, different for each graph of a file.
    """

    def __init__(
        self, constants: OnnxConstants, functions: OnnxFunctions | None = None, prefix: str = ""
    ) -> None:
        self.functions = functions
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._constants = constants
        self._results: dict[tuple[Any, ...], str] = {}
        self._shapes: dict[str, onnx.ValueInfoProto] = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The result of an operator; of equal calls the first is used again.

        Args:
            kind: ONNX operator.
            inputs: names of values; "" for an optional input left out.
            attributes: of the operator; None for one left out.
        """
        given = {key: item for key, item in attributes.items() if item is not None}
        key = (kind, inputs, repr(sorted(given.items())))
        if key not in self._results:
            output = f"{self._prefix}{kind}_{len(self._nodes)}"
            self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **given))
            self._results[key] = output
        return self._results[key]

    def ascending(self, values: str) -> str:
        """Positions that sort a vector in ascending order, equal ones in their order."""
        key = ("TopK", values)
        if key not in self._results:
            name = f"{self._prefix}TopK_{len(self._nodes)}"
            outputs = [f"{name}_values", f"{name}_indices"]
            length = self.op("Shape", values, start=0, end=1)
            options: dict[str, Any] = {"axis": 0, "largest": 0, "sorted": 1}
            self._nodes.append(
                helper.make_node("TopK", [values, length], outputs, name=name, **options)
            )
            self._results[key] = outputs[1]
        return self._results[key]

    def constant(self, array: np.ndarray) -> str:
        """The name of a constant."""
        return self._constants.name_of(array)

    def integers(self, *numbers: int) -> str:
        """A constant vector of int64."""
        return self.constant(np.array(numbers, dtype=np.int64))

    def integer(self, number: int) -> str:
        """A constant int64 without axes."""
        return self.constant(np.array(number, dtype=np.int64))

    def call(
        self, function: str, inputs: Sequence[str], used: Sequence[bool], **attributes: Any
    ) -> list[str]:
        """The results of a function of the file; "" for those that are not used."""
        name = f"{self._prefix}{function}_{len(self._nodes)}"
        outputs = [f"{name}_{i}" if is_used else "" for i, is_used in enumerate(used)]
        self._nodes.append(
            helper.make_node(function, inputs, outputs, name=name, domain=DOMAIN, **attributes)
        )
        return outputs

    def describe(self, value: str, element_type: int, shape: Sequence[int | str]) -> None:
        """State the shape of a value.

        Groups of rows are made of what has known shapes. ONNX Runtime, where it plans its memory,
        reuses that of a value for a later one only if it can tell that their shapes are equal.
        """
        self._shapes[value] = helper.make_tensor_value_info(value, element_type, shape)

    def rename(self, value: str, name: str) -> None:
        """Give a value the name of a graph output."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))

    def choice(self, condition: str, yes: onnx.GraphProto, no: onnx.GraphProto) -> list[str]:
        """The results of one of two graphs that have as many outputs."""
        name = f"{self._prefix}If_{len(self._nodes)}"
        outputs = [f"{name}_{position}" for position in range(len(yes.output))]
        branches: dict[str, Any] = {"then_branch": yes, "else_branch": no}
        self._nodes.append(helper.make_node("If", [condition], outputs, name=name, **branches))
        return outputs

    def graph(
        self,
        name: str,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
    ) -> onnx.GraphProto:
        """The finished graph, without the constants."""
        written = {output for node in self._nodes for output in node.output}
        described = [info for value, info in self._shapes.items() if value in written]
        return helper.make_graph(
            self._nodes, name, list(inputs), list(outputs), value_info=described
        )

    def function(
        self, name: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Sequence[str]
    ) -> onnx.FunctionProto:
        """The finished nodes as a function of these values, with its constants.

        Its attributes are for kernels that compute it otherwise.
        """
        nodes = [*self._constants.as_nodes(), *self._nodes]
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_function(DOMAIN, name, inputs, outputs, nodes, opsets, attributes)


def onnx_model(
    graph: onnx.GraphProto, constants: OnnxConstants, functions: OnnxFunctions, producer: str
) -> onnx.ModelProto:
    """The model of a graph and all that it and the graphs inside it use."""
    graph.initializer.extend(constants.tensors)
    opsets = [helper.make_opsetid("", OPSET)]
    if functions.by_name:
        opsets.append(helper.make_opsetid(DOMAIN, DOMAIN_VERSION))
    return helper.make_model(
        graph,
        producer_name=producer,
        ir_version=IR_VERSION,
        opset_imports=opsets,
        functions=list(functions.by_name.values()),
    )
