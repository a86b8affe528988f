"""ONNX files of functions that call operators of models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx
import torch
from onnx import helper
from sezm_export.onnx_builder import OnnxBuilder, OnnxConstants, OnnxFunctions, onnx_model
from sezm_export.onnx_lowering import ONNX_TYPES
from sezm_export.onnx_nodes import lower_nodes
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import FIRST_SAMPLE, SECOND_SAMPLE
from sezm_export.trace import trace_function
from sezm_models.whole_operators import kept_whole
from torch import Tensor

from sezm_infer.contract import TensorSpec


def operator_file(
    function: Callable[..., Sequence[Tensor]],
    inputs: Sequence[tuple[str, tuple[int | str, ...]]],
    n_outputs: int,
    real: torch.dtype,
) -> onnx.ModelProto:
    """The file of a function of reals, given name and shape of each; letters are sizes.

    Its outputs are called output_0, output_1, ...
    """
    specs = [TensorSpec(name, shape, "real", "") for name, shape in inputs]
    traced = trace_function(
        kept_whole()(lambda *tensors: tuple(function(*tensors))),
        specs,
        real,
        (FIRST_SAMPLE, SECOND_SAMPLE),
    )
    constants, functions = OnnxConstants(), OnnxFunctions()
    builder = OnnxBuilder(constants, functions)
    kind = ONNX_TYPES[real]
    for i, result in enumerate(lower_nodes(simplify_graph(traced), builder)):
        builder.rename(result, f"output_{i}")
    graph = builder.graph(
        "operators",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(f"output_{i}", kind, None) for i in range(n_outputs)],
    )
    return onnx_model(graph, constants, functions, "tests")
