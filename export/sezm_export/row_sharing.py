"""What groups of nodes hand to later ones, and what those compute again.

A value that one program stores and another loads goes through memory, which costs more than many an
operation on columns. So each group takes over the nodes of earlier groups that make what it needs
more cheaply than it could be loaded. The cheapest choice is a minimum cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from .minimum_cut import UNLIMITED, Edge, source_side
from .row_groups import LAYOUT, Values, read_by

LOAD, STORE = 20, 25
"""Of a column, in times that a multiply-add of a product takes, as are the costs below. Measured in
single precision with AVX2: 11 where nothing else uses the memory, several times that where much
does."""

ELEMENTWISE_COST = 4
COSTS = dict.fromkeys(("Sigmoid", "Exp", "Sin", "Cos"), 28) | {
    **dict.fromkeys(("Div", "Reciprocal", "Sqrt"), 10),
    "Log": 100,
    "Gather": LOAD,
    "Identity": 0,
}


@dataclass
class Group:
    """Attributes:
    nodes: in the order of the graph, among them those of earlier groups that it computes again.
    outputs: what it hands on, in that order.
    """

    nodes: list[onnx.NodeProto]
    outputs: list[str]


def share_work(
    groups: Sequence[Sequence[onnx.NodeProto]],
    nodes: Sequence[onnx.NodeProto],
    values: Values,
    results: Sequence[str],
) -> list[Group]:
    """The groups with what they compute again, without what nobody needs any more.

    Args:
        groups: from :func:`~.row_groups.row_groups`.
        nodes: all of the graph.
        values: of the graph.
        results: its outputs.
    """
    own = [{node.output[0]: node for node in group} for group in groups]
    maker = {name: node for group in own for name, node in group.items()}
    stock = [node for node in nodes if node.output[0] not in maker]
    needed = {name for node in stock for name in read_by(node)} | set(results)
    order = {node.output[0]: i for i, node in enumerate(nodes)}
    shared = []
    for group in reversed(own):
        outputs = sorted(needed & group.keys(), key=order.__getitem__)
        made = _made(outputs, group, maker, values, needed)
        inside = [maker[name] for name in sorted(made, key=order.__getitem__)]
        needed |= {name for node in inside for name in read_by(node)} - made
        shared.append(Group(inside, outputs))
    return shared[::-1]


def _made(
    outputs: Sequence[str],
    own: dict[str, onnx.NodeProto],
    maker: dict[str, onnx.NodeProto],
    values: Values,
    stored: set[str],
) -> set[str]:
    """What a group computes to have its outputs: of its own nodes and of those before.

    A value has two nodes in the graph that is cut: it is needed, it is made. Both are on the side
    of the source where they hold.
    """
    edges: list[Edge] = [("source", ("needed", name), UNLIMITED) for name in outputs]
    waiting, seen = list(outputs), set(outputs)
    while waiting:
        name = waiting.pop()
        is_there = name in stored or name not in maker
        load = _columns(name, values) * (LOAD if is_there else LOAD + STORE)
        is_handed_on = name not in own and values.types.get(name) == values.real
        if name not in maker:
            edges.append((("needed", name), "sink", load))
            continue
        edges.append((("needed", name), ("made", name), load if is_handed_on else UNLIMITED))
        edges.append((("made", name), "sink", _cost(maker[name], values)))
        for source in read_by(maker[name]):
            if values.per_row(source) is None:
                continue
            edges.append((("made", name), ("needed", source), UNLIMITED))
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    side = source_side(edges, "source", "sink")
    return {name for name in seen if ("made", name) in side}


def _columns(name: str, values: Values) -> int:
    """That a value takes."""
    shape = values.per_row(name)
    assert shape is not None
    return int(np.prod(shape))


def _cost(node: onnx.NodeProto, values: Values) -> int:
    size = _columns(node.output[0], values)
    if node.op_type == "MatMul":
        shape = values.per_row(node.input[0])
        assert shape is not None
        return size * shape[-1]
    if node.op_type in LAYOUT:
        return 0
    if node.op_type in ("ReduceSum", "ReduceMax"):
        size = _columns(node.input[0], values)
    if node.op_type == "Gather" and values.per_row(node.input[0]) is not None:
        return 0
    return size * COSTS.get(node.op_type, ELEMENTWISE_COST)
