"""From the simplified graph to an ONNX file.

The translation is direct, one ATen operator after the other by the table in ``onnx_operators``.
PyTorch's own exporter took minutes on graphs of this size, and its files held sums with a data
race.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper
from torch import fx

from sezm_infer.contract import METADATA_KEY, TensorSpec
from sezm_infer.errors import SezmError
from sezm_infer.metadata import Metadata

from .onnx_builder import OnnxBuilder, OnnxConstants, OnnxFunctions, onnx_model
from .onnx_lowering import ONNX_TYPES
from .onnx_nodes import lower_nodes
from .onnx_rows import join_rows

PRODUCER = "sezm-infer"


def to_onnx(module: fx.GraphModule, metadata: Metadata) -> onnx.ModelProto:
    """Translate a simplified graph.

    Args:
        module: from :func:`~sezm_export.simplify_graph.simplify_graph`.
        metadata: gives names and shapes of inputs and outputs.

    Raises:
        SezmError: an operator that has no translation.
    """
    constants, functions = OnnxConstants(), OnnxFunctions()
    inputs = [value_info(spec, metadata) for spec in metadata.inputs]
    builder = OnnxBuilder(constants, functions)
    graph = onnx_graph(module, builder, metadata.outputs, metadata, inputs)
    join_rows(graph, constants, functions, np.dtype(metadata.dtype))
    return onnx_model(graph, constants, functions, PRODUCER)


def onnx_graph(
    module: fx.GraphModule,
    builder: OnnxBuilder,
    outputs: Sequence[TensorSpec],
    metadata: Metadata,
    inputs: Sequence[onnx.ValueInfoProto] = (),
) -> onnx.GraphProto:
    """As :func:`to_onnx`, for one graph of a file.

    Args:
        module: whose placeholders have the names of the values that it reads.
        builder: that takes its nodes.
        outputs: of the graph, in order.
        metadata: gives the dtype.
        inputs: of the graph; none of one inside another, which reads the values of that one.
    """
    for result, spec in zip(lower_nodes(module, builder), outputs, strict=True):
        builder.rename(result, spec.name)
    return builder.graph(PRODUCER, inputs, [value_info(spec, metadata) for spec in outputs])


def save_onnx(model: onnx.ModelProto, metadata: Metadata, path: Path) -> None:
    """Write the file, with the metadata in ``metadata_props``.

    Raises:
        SezmError: see :func:`require_no_racing_sum`.
    """
    helper.set_model_props(model, {METADATA_KEY: metadata.to_json()})
    onnx.save(model, str(path))
    require_no_racing_sum(path)


def require_no_racing_sum(path: Path) -> None:
    """Check a file for sums that lose updates on several threads (see ``onnx_segments``).

    Raises:
        SezmError: it holds a ``ScatterND`` with a reduction.
    """
    for node in _all_nodes(onnx.load(str(path), load_external_data=False).graph):
        if node.op_type == "ScatterND" and any(a.name == "reduction" for a in node.attribute):
            raise SezmError(
                f"{path}: {node.name} is a ScatterND with a reduction, which ONNX Runtime computes "
                "wrongly on several threads."
            )


def _all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Those of graphs inside the graph included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _all_nodes(attribute.g)


def value_info(spec: TensorSpec, metadata: Metadata) -> onnx.ValueInfoProto:
    """How ONNX declares an input or output."""
    dtype = getattr(torch, metadata.dtype if spec.dtype == "real" else spec.dtype)
    return helper.make_tensor_value_info(spec.name, ONNX_TYPES[dtype], list(spec.shape))
