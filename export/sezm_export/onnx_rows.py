"""Replaces groups of nodes that act on rows by calls of functions with the same nodes.

ONNX Runtime puts the nodes back, unless it has a kernel for the functions (``export/FORMAT.md``).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import onnx

from .onnx_builder import DOMAIN, OPSET, OnnxConstants, OnnxFunctions
from .row_groups import KINDS_OF_ROWS, Values, read_by, row_groups
from .row_program import RowProgram
from .row_sharing import Group, share_work

MAX_FUNCTIONS = 256
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
    for rows in KINDS_OF_ROWS:
        values = Values(graph, constants.tensors, real, rows)
        _join(graph, values, constants, functions, real)


def _join(
    graph: onnx.GraphProto,
    values: Values,
    constants: OnnxConstants,
    functions: OnnxFunctions,
    real: np.dtype,
) -> None:
    """Groups of rows of one kind."""
    nodes = list(graph.node)
    results = [output.name for output in graph.output]
    first = sum(name.startswith("Rows_") for name in functions.by_name)
    groups = row_groups(nodes, values, results, SMALLEST_GROUP, MAX_FUNCTIONS - first)
    replaced: dict[int, onnx.NodeProto | None] = {id(node): None for g in groups for node in g}
    stock = [node for node in nodes if id(node) not in replaced]
    seen = {name for node in stock for name in read_by(node)} | set(results)
    all_shared = share_work(groups, nodes, values, results)
    private = {name for shared in all_shared for name in shared.outputs} - seen
    for group, shared in zip(groups, all_shared, strict=True):
        if shared.outputs:
            name = f"Rows_{first}"
            call = _call(name, shared, private, values, constants, functions, real)
            replaced[id(group[-1])] = call
            first += 1
    joined = [replaced.get(id(node), node) for node in nodes]
    del graph.node[:]
    graph.node.extend(_in_order([node for node in joined if node is not None]))


def _call(
    name: str,
    group: Group,
    private: set[str],
    values: Values,
    constants: OnnxConstants,
    functions: OnnxFunctions,
    real: np.dtype,
) -> onnx.NodeProto:
    made = {output for node in group.nodes for output in node.output}
    inputs = list(dict.fromkeys(x for node in group.nodes for x in read_by(node) if x not in made))
    program = RowProgram(group.nodes, values, inputs, group.outputs, private)
    first = [constants.name_of(program.constants.astype(real)), constants.name_of(program.code)]
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    names = ["constants", "program", *inputs]
    functions.by_name[name] = onnx.helper.make_function(
        DOMAIN, name, names, group.outputs, group.nodes, opsets
    )
    return onnx.helper.make_node(name, [*first, *inputs], group.outputs, name=name, domain=DOMAIN)


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
