"""How much arithmetic a step takes: what stands between a time and a fraction of the peak."""

from __future__ import annotations

from pathlib import Path

import torch
from sezm_export.load import load_model
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import SampleSizes
from sezm_export.trace import trace

aten = torch.ops.aten


def product_flops(checkpoint: Path, atoms: int, edges: int) -> float:
    """Floating-point operations of all matrix products of one step, derivative included.

    Counted in the exported graph; elementwise work is left out, so that the fraction of the peak of
    matrix products is what it says.

    Args:
        checkpoint: of the model.
        atoms: N.
        edges: E.
    """
    static = SampleSizes(atoms, edges, systems=1, symbolic=False)
    graph = simplify_graph(trace(load_model(checkpoint), static=static)).graph
    total = 0
    for node in graph.nodes:
        if node.target in (aten.mm.default, aten.bmm.default):
            left, result = (n.meta["val"] for n in (node.args[0], node))
            total += 2 * result.numel() * left.shape[-1]
    return float(total)
