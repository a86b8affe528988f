"""Make a traced graph as small as it gets without changing what it computes."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from sezm_infer.errors import SezmError

from .graph_tools import Rewriter
from .rewrite_operators import OPERATOR_RULES, OUT_OF_PLACE
from .rewrite_products import PRODUCT_RULES
from .rewrite_slices import SLICE_RULES, join_padded
from .rewrite_views import VIEW_RULES
from .sizes import LARGEST_OFFSET, SampleSizes

MAX_ROUNDS = 20


def simplify_graph(module: fx.GraphModule) -> fx.GraphModule:
    """Apply all passes, in place, until none of them finds anything.

    Args:
        module: a graph from :func:`~sezm_export.trace.trace`.

    Returns:
        the same module.

    Raises:
        SezmError: an operator that writes into its argument, none of the passes allows for that;
            or one with a length that is no size of the input, as a sum of two.
    """
    _require_no_writing(module.graph)
    rewriter = Rewriter(module)
    for _ in range(MAX_ROUNDS):
        changed = rewriter.apply(OPERATOR_RULES)
        changed |= rewriter.apply(VIEW_RULES)
        changed |= rewriter.apply(PRODUCT_RULES)
        changed |= rewriter.apply(SLICE_RULES)
        changed |= join_padded(rewriter)
        changed |= merge_equal(module.graph)
        remove_dead(module.graph)
        if not changed:
            break
    if rewriter.sizes.symbolic:
        _require_no_sample_sizes(module.graph, rewriter.sizes)
    module.delete_all_unused_submodules()
    module.recompile()
    return module


def _require_no_writing(graph: fx.Graph) -> None:
    for node in graph.nodes:
        schema = getattr(node.target, "_schema", None)
        if schema is not None and schema.is_mutable and node.target not in OUT_OF_PLACE:
            raise SezmError(
                f"the model uses {node.target}, which writes into its argument; use the operator "
                "that returns a new tensor."
            )


def _require_no_sample_sizes(graph: fx.Graph, sizes: SampleSizes) -> None:
    """Numbers that large come from the sizes of the trace, and would be wrong at any others."""
    least, most = min(sizes.by_letter.values()) - LARGEST_OFFSET, 2**62
    for node in graph.nodes:
        for number in _integers((node.args, node.kwargs)) if node.op == "call_function" else ():
            if least <= abs(number) < most:
                raise SezmError(
                    f"the model's graph holds the number {number} ({node.format_node()}), which is "
                    "no multiple of its numbers of atoms or edges; export it with static sizes."
                )


def _integers(argument: Any) -> list[int]:
    """All integers in the arguments of a node."""
    found: list[int] = []
    fx.node.map_aggregate(argument, lambda a: found.append(a) if type(a) is int else None)
    return found


def remove_dead(graph: fx.Graph) -> None:
    """Remove nodes that no output needs; the inputs stay."""
    for node in reversed(list(graph.nodes)):
        if not node.users and node.op in ("call_function", "get_attr"):
            graph.erase_node(node)


def merge_equal(graph: fx.Graph) -> bool:
    """Common subexpressions: of nodes with equal operator and arguments the first remains."""
    seen: dict[Any, fx.Node] = {}
    changed = False
    for node in list(graph.nodes):
        if node.op not in ("call_function", "get_attr"):
            continue
        key = (node.op, node.target, _key(node.args), _key(node.kwargs))
        first = seen.setdefault(key, node)
        if first is not node:
            node.replace_all_uses_with(first)
            graph.erase_node(node)
            changed = True
    return changed


def _key(argument: Any) -> Any:
    """Hashable form of an argument; 1, 1.0 and True differ."""
    if isinstance(argument, (tuple, list)):
        return tuple(_key(item) for item in argument)
    if isinstance(argument, dict):
        return tuple((name, _key(item)) for name, item in sorted(argument.items()))
    if isinstance(argument, (fx.Node, torch.dtype)):
        return argument
    return type(argument).__name__, str(argument)
