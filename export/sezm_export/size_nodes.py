"""Nodes that compute the sizes of the input inside a graph."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import torch
from sezm_models.neighbor_rows import ROW_WIDTH
from torch import fx

from .sizes import SampleSizes, Size

aten = torch.ops.aten


def insert_sizes(graph: fx.Graph, sizes: SampleSizes) -> None:
    """Replace each integer argument that stands for a size by a node that computes it."""

    def replaced(argument: Any) -> Any:
        return size_argument(graph, sizes, argument) if type(argument) is int else argument

    for node in list(graph.nodes):
        if node.op == "call_function" and not is_size(node):
            node.args = fx.node.map_aggregate(node.args, replaced)
            node.kwargs = fx.node.map_aggregate(node.kwargs, replaced)


def size_argument(graph: fx.Graph, sizes: SampleSizes, length: int) -> int | fx.Node:
    """A length at the sample sizes as an argument of an operator: a number, or a size node."""
    dim = sizes.dim(length)
    return dim if isinstance(dim, int) else _size_node(graph, sizes, dim)


def is_size(node: fx.Node) -> bool:
    """Whether a node computes a size."""
    return node.op == "call_function" and type(node.meta["val"]) is int


def _size_node(graph: fx.Graph, sizes: SampleSizes, size: Size) -> fx.Node:
    """The graph's node for a size, made at its head if it is not there yet."""
    number = sizes.by_letter[size.letter] * size.factor + size.offset
    head = list(_head(graph))
    for node in head:
        if is_size(node) and node.meta["val"] == number:
            return node
    target, args = _definition(graph, sizes, size)
    with graph.inserting_after(list(_head(graph))[-1]):
        node = graph.call_function(target, args)
    node.meta["val"] = number
    return node


def _definition(graph: fx.Graph, sizes: SampleSizes, size: Size) -> tuple[Any, tuple[Any, ...]]:
    """Operator and arguments that compute a size from simpler ones."""

    def part(simpler: Size) -> fx.Node:
        return _size_node(graph, sizes, simpler)

    if size.offset:
        return operator.add, (part(Size(size.letter, size.factor)), size.offset)
    if size.factor != 1:
        return operator.mul, (part(Size(size.letter)), size.factor)
    if size.letter in sizes.sources:
        name, axis = sizes.sources[size.letter]
        source = next(node for node in graph.nodes if node.name == name)
        return aten.sym_size.int, (source, axis)
    if size.letter == "R":
        return operator.add, (part(Size("N")), _whole_rows(graph, part(Size("E"))))
    if size.letter == "G":
        return operator.add, (part(Size("A")), part(Size("N", -1)))
    if size.letter == "Q":
        return operator.add, (part(Size("A")), _whole_rows(graph, part(Size("E"))))
    if size.letter == "M":
        parts = Size("N", sizes.graph.edges_per_atom), Size("E", sizes.graph.edges_per_edge)
        return operator.add, (part(parts[0]), part(parts[1]))
    assert size.letter == "O", size
    nodes = part(Size("N", sizes.graph.nodes_per_atom))
    return operator.add, (nodes, _whole_rows(graph, part(Size("M"))))


def _whole_rows(graph: fx.Graph, edges: fx.Node) -> fx.Node:
    with graph.inserting_after(list(_head(graph))[-1]):
        node = graph.call_function(operator.floordiv, (edges, ROW_WIDTH))
    node.meta["val"] = edges.meta["val"] // ROW_WIDTH
    return node


def _head(graph: fx.Graph) -> Iterator[fx.Node]:
    """The inputs and, after them, the sizes."""
    for node in graph.nodes:
        if node.op != "placeholder" and not is_size(node):
            return
        yield node
