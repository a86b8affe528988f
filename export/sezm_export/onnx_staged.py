"""From the programs of a staged file to one ONNX file.

The file's graph is a chain of ``If``: is it program 0, is it program 1, and so on. ONNX Runtime
computes the chosen branch alone, and the branches share the file's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
from torch import fx

from sezm_infer.contract import TensorSpec
from sezm_infer.metadata import Metadata
from sezm_infer.staged_contract import PROGRAM, common_signature

from .onnx import PRODUCER, onnx_graph, value_info
from .onnx_builder import OnnxBuilder, OnnxConstants, OnnxFunctions, onnx_model
from .onnx_rows import join_rows


@dataclass(frozen=True)
class _File:
    """What all graphs of the file have in common."""

    modules: Sequence[fx.GraphModule]
    outputs: Sequence[TensorSpec]
    metadata: Metadata
    constants: OnnxConstants
    functions: OnnxFunctions


def to_staged_onnx(modules: Sequence[fx.GraphModule], metadata: Metadata) -> onnx.ModelProto:
    """Translate the simplified graphs of all programs.

    Args:
        modules: from :func:`~sezm_export.trace_stages.trace_stages`.
        metadata: gives the signature.

    Raises:
        SezmError: an operator that has no translation.
    """
    signature = common_signature(metadata)
    file = _File(modules, signature.outputs, metadata, OnnxConstants(), OnnxFunctions())
    inputs = [value_info(spec, metadata) for spec in (PROGRAM, *signature.inputs)]
    graph = _from_program(file, 0, "", inputs)
    return onnx_model(graph, file.constants, file.functions, PRODUCER)


def _from_program(
    file: _File, number: int, prefix: str, inputs: Sequence[onnx.ValueInfoProto] = ()
) -> onnx.GraphProto:
    """The graph for this program and all later ones."""
    own = f"program_{number}_"
    yes = onnx_graph(
        file.modules[number],
        OnnxBuilder(file.constants, file.functions, own),
        _prefixed(file.outputs, own),
        file.metadata,
    )
    join_rows(yes, file.constants, file.functions, np.dtype(file.metadata.dtype))
    if number == len(file.modules) - 1:
        return yes
    no = _from_program(file, number + 1, f"after_{number}_")
    builder = OnnxBuilder(file.constants, file.functions, prefix)
    is_this = builder.op("Equal", PROGRAM.name, builder.integer(number))
    results = _prefixed(file.outputs, prefix)
    for value, spec in zip(builder.choice(is_this, yes, no), results, strict=True):
        builder.rename(value, spec.name)
    declared = [value_info(spec, file.metadata) for spec in results]
    return builder.graph(PRODUCER, inputs, declared)


def _prefixed(specs: Sequence[TensorSpec], prefix: str) -> list[TensorSpec]:
    """Values of graphs inside others need names of their own."""
    return [replace(spec, name=prefix + spec.name) for spec in specs]
