"""Replaces groups of nodes that act on rows of edges by calls of functions with the same nodes.

ONNX Runtime puts the nodes back, unless it has a kernel for the functions (``export/FORMAT.md``).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import onnx

from .onnx_builder import DOMAIN, OPSET, OnnxConstants, OnnxFunctions
from .row_groups import Values, outputs_used_elsewhere, read_by, row_groups
from .row_program import RowProgram

MAX_FUNCTIONS = 64
"""Kernels go by name, Rows_0, Rows_1, ...; what is beyond stays as it is."""

SMALLEST_GROUP = 4
"""Nodes; fewer are left to stock operators."""


def join_rows(
    graph: onnx.GraphProto, constants: OnnxConstants, functions: OnnxFunctions, real: np.dtype
) -> None:
    """Change a finished graph in place.

    Args:
        graph: whose values are described; graphs inside it are left alone.
        constants: of the file; gets those of the programs.
        functions: of the file; gets the groups.
        real: dtype of the file.
    """
    nodes = list(graph.node)
    values = Values(graph, constants.tensors, real)
    results = [output.name for output in graph.output]
    replaced: dict[int, onnx.NodeProto | None] = {}
    for group in row_groups(nodes, values):
        number = sum(name.startswith("Rows_") for name in functions.by_name)
        if len(group) < SMALLEST_GROUP or number == MAX_FUNCTIONS:
            continue
        outputs = outputs_used_elsewhere(group, nodes, results)
        if not outputs:
            continue
        call = _call(f"Rows_{number}", group, outputs, values, constants, functions, real)
        replaced |= {id(node): None for node in group} | {id(group[-1]): call}
    joined = [replaced.get(id(node), node) for node in nodes]
    del graph.node[:]
    graph.node.extend(_in_order([node for node in joined if node is not None]))


def _call(
    name: str,
    group: Sequence[onnx.NodeProto],
    outputs: Sequence[str],
    values: Values,
    constants: OnnxConstants,
    functions: OnnxFunctions,
    real: np.dtype,
) -> onnx.NodeProto:
    made = {output for node in group for output in node.output}
    inputs = list(dict.fromkeys(x for node in group for x in read_by(node) if x not in made))
    program = RowProgram(group, values, inputs, outputs)
    first = [constants.name_of(program.constants.astype(real)), constants.name_of(program.code)]
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    names = ["constants", "program", *inputs]
    functions.by_name[name] = onnx.helper.make_function(
        DOMAIN, name, names, list(outputs), list(group), opsets
    )
    return onnx.helper.make_node(name, [*first, *inputs], list(outputs), name=name, domain=DOMAIN)


def _in_order(nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Each node behind those that it reads from, otherwise in the order given."""
    maker = {name: i for i, node in enumerate(nodes) for name in node.output}
    waiting = [len({maker[x] for x in read_by(node) if x in maker}) for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for i, node in enumerate(nodes):
        for source in {maker[x] for x in read_by(node) if x in maker}:
            readers[source].append(i)
    ready = [i for i, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        i = heapq.heappop(ready)
        order.append(nodes[i])
        for reader in readers[i]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    assert len(order) == len(nodes), "a group and other nodes need each other"
    return order
