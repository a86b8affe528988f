"""From a model to the graphs of all programs of its staged file."""

from __future__ import annotations

from dataclasses import replace

from sezm_models.whole_operators import kept_whole
from torch import fx

from sezm_infer.staged_contract import program_signature, programs

from .simplify_graph import simplify_graph
from .sizes import ALL_ATOMS_SAMPLES, FIRST_SAMPLE, SECOND_SAMPLE
from .stage_functions import StageFunctions
from .trace import trace_function


def trace_stages(functions: StageFunctions, *, whole: bool = False) -> list[fx.GraphModule]:
    """Simplified graphs, in the order of the programs' numbers.

    Args:
        functions: of the model.
        whole: see :func:`~sezm_export.trace.trace`.

    Raises:
        SezmError: as :func:`~sezm_export.trace.trace`.
    """
    samples = [
        replace(sample, all_atoms=all_atoms)
        for sample, all_atoms in zip((FIRST_SAMPLE, SECOND_SAMPLE), ALL_ATOMS_SAMPLES, strict=True)
    ]
    model, widths = functions.model, functions.widths
    graphs = []
    for program in programs(model.n_stages):
        inputs = program_signature(program, widths, model.conditioning).inputs
        function = functions.program(program)
        if whole:
            function = kept_whole()(function)
        graphs.append(simplify_graph(trace_function(function, inputs, model.dtype, samples)))
    return graphs
