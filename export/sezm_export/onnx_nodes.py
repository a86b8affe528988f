"""The nodes of a traced graph, one after the other, in ONNX."""

from __future__ import annotations

from typing import Any

from torch import fx

from sezm_infer.errors import SezmError

from .graph_tools import is_tensor, shape, value
from .onnx_builder import OnnxBuilder, OnnxConstants
from .onnx_function_table import OPERATORS
from .onnx_functions import Call
from .onnx_lowering import Lowering
from .onnx_operators import TRANSLATIONS, constant


def lower_nodes(module: fx.GraphModule, builder: OnnxBuilder) -> list[str]:
    """Add all nodes of a graph; its placeholders have the names of the values that it reads.

    Returns:
        names of its outputs.
    """
    lowering = Lowering(builder, module.meta["sizes"])
    outputs: list[str] = []
    for node in module.graph.nodes:
        if node.op == "placeholder":
            lowering.names[node] = node.name
        elif node.op == "get_attr":
            lowering.names[node] = constant(lowering, getattr(module, node.target))
        elif node.op == "call_function":
            lowering.names[node] = _translated(lowering, node)
        else:
            outputs = [lowering.names[result] for result in node.args[0]]
    return outputs


def _translated(lowering: Lowering, node: fx.Node) -> Any:
    """Name of its result, or names of several."""
    if node.target in OPERATORS:
        return _called(lowering, Call(node))
    translation = TRANSLATIONS.get(node.target)
    if translation is None:
        raise SezmError(f"the model uses {node.target}, which has no translation to ONNX.")
    try:
        name = translation(lowering, node, *node.args, **node.kwargs)
    except (NotImplementedError, TypeError) as error:
        raise SezmError(f"no translation to ONNX of {node.format_node()} ({error}).") from error
    is_new = name not in [lowering.names[source] for source in node.all_input_nodes]
    if is_tensor(node) and is_new:
        lowering.describe(name, value(node).dtype, shape(node))
    return name


def _called(lowering: Lowering, call: Call) -> list[str]:
    """A call of a function, which is made at the first one."""
    builder, specs = lowering.builder, call.specs
    functions = builder.functions
    assert functions is not None, f"{call.function} within another function"
    if call.function not in functions.by_name:
        body = OnnxBuilder(OnnxConstants())
        outputs = lower_nodes(call.body(), body)
        names = [spec.name for spec in specs]
        proto = body.function(call.function, names, outputs, list(call.attributes))
        functions.add(proto, specs)
    elif functions.signatures[call.function] != specs:
        raise SezmError(
            f"two functions {call.function} of the model differ in the shapes of their inputs, "
            "which is not possible in one ONNX file; export to .pt."
        )
    inputs = [lowering.names[node] for node in call.tensors]
    return builder.call(call.function, inputs, call.used, **call.attributes)
