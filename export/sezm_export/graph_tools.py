"""Reading and extending a traced graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx

from sezm_infer.errors import SezmError

from .operator_arguments import meta_options
from .size_nodes import size_argument
from .sizes import Dim, SampleSizes

aten = torch.ops.aten

Rule = Callable[..., "fx.Node | None"]
"""Called with the rewriter, a node, and the node's own arguments; returns the node that takes its
place, or None if there is nothing to do."""


def value(node: fx.Node) -> Tensor:
    """The meta tensor that describes a node's result at the sample sizes."""
    result: Tensor = node.meta["val"]
    return result


def shape(node: fx.Node) -> tuple[int, ...]:
    """Shape at the sample sizes."""
    return tuple(value(node).shape)


def is_tensor(argument: Any) -> bool:
    """Whether an argument is a node that computes a tensor."""
    return isinstance(argument, fx.Node) and isinstance(argument.meta.get("val"), Tensor)


class Rewriter:
    """Adds nodes to a graph where the rewritten node stands, with the meta tensors of
    their results.

    Args:
        module: a graph from :func:`~sezm_export.trace.trace`.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module
        self.graph = module.graph
        self.sizes: SampleSizes = module.meta["sizes"]

    def apply(self, rules: dict[Any, Rule]) -> bool:
        """Go once through the graph, each node through the rule of its operator.

        Returns:
            whether anything changed.
        """
        changed = False
        for node in list(self.graph.nodes):
            rule = rules.get(node.target) if node.op == "call_function" else None
            if rule is None or not node.users:
                continue
            with self.graph.inserting_before(node):
                replacement = rule(self, node, *node.args, **node.kwargs)
            if replacement is not None:
                node.replace_all_uses_with(replacement)
                self.graph.erase_node(node)
                changed = True
        return changed

    def call(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> fx.Node:
        """A new node for ``target(*args, **kwargs)``, before the node being rewritten."""
        node = self.graph.call_function(target, args, kwargs)
        meta_args, meta_kwargs = fx.node.map_arg((args, kwargs), lambda n: n.meta["val"])
        node.meta["val"] = target(*meta_args, **meta_options(meta_args, meta_kwargs))
        return node

    def view(self, node: fx.Node, new_shape: tuple[int, ...]) -> fx.Node:
        """``node`` in another shape (given at the sample sizes); itself if it has that already."""
        if shape(node) == new_shape:
            return node
        return self.call(aten.reshape.default, node, self.view_sizes(new_shape))

    def view_sizes(self, new_shape: tuple[int, ...]) -> list[int]:
        """Arguments of a view to ``new_shape``: an axis of variable length as -1.

        Raises:
            SezmError: more than one such axis.
        """
        dims: list[Dim] = [self.sizes.dim(length) for length in new_shape]
        variable = sum(not isinstance(dim, int) for dim in dims)
        if variable > 1:
            names = ", ".join(map(str, dims))
            raise SezmError(f"a tensor [{names}] of the model has two axes of variable length.")
        return [dim if isinstance(dim, int) else -1 for dim in dims]

    def lengths(self, numbers: Sequence[int]) -> list[int | fx.Node]:
        """Lengths at the sample sizes as arguments of an operator: numbers and size nodes."""
        return [size_argument(self.graph, self.sizes, number) for number in numbers]
