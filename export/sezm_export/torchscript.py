"""From the simplified graph to a TorchScript file.

Segment sums stay `index_add`: at 17,000 edges into 192 atoms (2-core EPYC, float32, 1 thread, ms)

    width                                       1     12     32     96    288
    index_add, sorted by target              0.08   0.52   0.18   0.25   0.80
    index_add, unsorted                      0.08   0.56   0.22   0.38   3.0
    scatter_add, expanded index, sorted      0.08   0.55   0.18   0.26   0.78
    segment_reduce, sorted                   0.02   0.18   0.47   1.4    5.9
    padded neighbour table, gather and bmm   0.10   0.13   0.25   0.69   4.1
    index_put, accumulating                  0.08   0.51   0.44   0.89   2.5
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from math import inf, nan  # noqa: F401, used in the code of graphs
from pathlib import Path
from typing import Any

import torch
from torch import (
    device,  # noqa: F401, used in the code of graphs
    fx,
    nn,
)

from sezm_infer.contract import METADATA_KEY
from sezm_infer.metadata import Metadata
from sezm_infer.staged_contract import common_signature

aten = torch.ops.aten

SCRIPTABLE = {aten.sym_size.int: aten.size, aten._to_copy.default: aten.to}
"""Operators that TorchScript knows by another name."""

FORGETTING = re.compile(r";  [\w =]+ = None$", re.MULTILINE)
"""FX drops values after their last use, as TorchScript does by itself."""


def to_torchscript(module: fx.GraphModule, metadata: Metadata) -> torch.jit.ScriptModule:
    """Compile a simplified graph; the metadata is not needed for it.

    TorchScript resolves overloads by itself and knows no ``OpOverload``, so each operator is
    replaced by its packet. (``torch.jit.trace`` would fix the sizes.) The code goes to
    TorchScript's own parser: ``torch.jit.script`` has it parsed in Python first, which takes three
    times as long.
    """
    graph = copy.deepcopy(module.graph)
    for node in graph.nodes:
        if node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload):
            node.target = SCRIPTABLE.get(node.target, node.target.overloadpacket)
    # A class of its own: modules of one class whose buffers have the same names share their code.
    constants: nn.Module = type("Graph", (nn.Module,), {"__module__": __name__})()
    for name, buffer in module.named_buffers():
        constants.register_buffer(name, buffer)
    compiled: torch.jit.ScriptModule = torch.jit.script(constants.eval())
    compiled.define(FORGETTING.sub("", graph.python_code("self").src).strip() + "\n")
    return compiled


class _Programs(nn.Module):
    """The programs of a staged file, of which a call runs one."""

    def __init__(self, programs: Sequence[torch.jit.ScriptModule]) -> None:
        super().__init__()
        self.programs = nn.ModuleList(programs)


def to_staged_torchscript(
    modules: Sequence[fx.GraphModule], metadata: Metadata
) -> torch.jit.ScriptModule:
    """Compile the simplified graphs of all programs to one module."""
    signature = common_signature(metadata)
    inputs = ", ".join(spec.name for spec in signature.inputs)
    outputs = ", ".join("Tensor" for _ in signature.outputs)
    programs = [to_torchscript(module, metadata) for module in modules]
    container = torch.jit.script(_Programs(programs))
    branches = "".join(
        f"    if int(program) == {number}:\n        return self.programs[{number}]({inputs})\n"
        for number in range(len(programs))
    )
    arguments = ", ".join(f"{name}: Tensor" for name in ("program", *inputs.split(", ")))
    container.define(
        f"def forward(self, {arguments}) -> Tuple[{outputs}]:\n{branches}"
        f"    raise RuntimeError('no such program')\n"
    )
    return container


def save_torchscript(module: torch.jit.ScriptModule, metadata: Metadata, path: Path) -> None:
    """Write the file: code, constants, and the metadata as ``extra/sezm_metadata.json``."""
    extra: dict[str, Any] = {f"{METADATA_KEY}.json": metadata.to_json()}
    torch.jit.save(module, str(path), _extra_files=extra)
