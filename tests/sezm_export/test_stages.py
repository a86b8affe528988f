"""A model in stages gives the numbers of the whole model, whoever computes which atom."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recorded import (
    CONDITIONING_CONFIGURATIONS,
    CONFIGURATIONS,
    OPTION_CONFIGURATIONS,
    SPIN_CONFIGURATIONS,
    Recorded,
    edges,
    evaluate,
    model,
    recorded,
    systems_of,
)
from sezm_export.stage_functions import StageFunctions
from sezm_models.sezm.model import SeZM

from sezm_infer.errors import SezmError
from sezm_infer.sessions.parts import tiles
from sezm_infer.sessions.stage_run import run_stages
from sezm_infer.sessions.staged import contract_outputs
from sezm_infer.staged_contract import program_signature, programs

ALL = (
    *CONFIGURATIONS,
    *OPTION_CONFIGURATIONS,
    *CONDITIONING_CONFIGURATIONS,
    *SPIN_CONFIGURATIONS,
)
LEFT_OUT = ("plus", "case_concatenated", "case_film", "case_film_parameters")
"""One that is slow; and what differs in the fitting network alone, and needs a head's name."""

EDGES_PER_TILE = 30


class _EagerPrograms:
    """The programs of a model, operator by operator."""

    def __init__(self, functions: StageFunctions) -> None:
        self._functions = functions

    def run(self, inputs):
        functions = self._functions
        program = programs(functions.model.n_stages)[int(inputs["program"])]
        specs = program_signature(program, functions.widths, functions.model.conditioning)
        tensors = [torch.from_numpy(np.ascontiguousarray(inputs[s.name])) for s in specs.inputs]
        outputs = functions.program(program)(*tensors)
        return {spec.name: out.numpy() for spec, out in zip(specs.outputs, outputs, strict=True)}


def _inputs(configuration: str, system: str, of: SeZM) -> tuple[dict[str, np.ndarray], Recorded]:
    case = recorded(configuration, system)
    index, vec = edges(case.pos, case.cell, case.pbc, of.cutoff)
    defaults = {name: np.array([row]) for name, row in of.conditioning_defaults.items()}
    n_atoms = len(case.pos)
    inputs = {
        "pos": case.pos,
        "atomic_numbers": case.atomic_numbers.astype(np.int64),
        "batch": np.zeros(n_atoms, np.int64),
        "natoms": np.array([n_atoms]),
        "edge_index": index.reshape(2, -1).astype(np.int64),
        "edge_vec": vec.reshape(-1, 3),
        "atom_mask": np.ones(n_atoms),
    }
    return inputs | defaults | case.conditioning, case


@pytest.mark.parametrize("configuration", [name for name in ALL if name not in LEFT_OUT])
def test_parts_equal_the_whole(configuration):
    whole_model = model(configuration, torch.float64)
    if not hasattr(whole_model, "n_stages"):
        with pytest.raises(SezmError, match="cannot be cut into stages"):
            StageFunctions(whole_model)
        return
    functions = StageFunctions(whole_model)
    session = _EagerPrograms(functions)
    systems = systems_of(configuration)
    system = "molecule9" if "molecule9" in systems else systems[-1]
    inputs, case = _inputs(configuration, system, whole_model)
    structure = (inputs["atomic_numbers"], inputs["edge_index"], inputs["edge_vec"])
    conditioning = {name: inputs[name] for name in whole_model.conditioning}
    energy, forces, virial = evaluate(whole_model, *structure, conditioning)
    found = run_stages(session, functions.widths, inputs, tiles(inputs, EDGES_PER_TILE))
    results = contract_outputs(found, inputs)
    assert np.abs(results["atom_energy"] - energy).max() <= 1e-12 * np.abs(energy).max()
    assert np.abs(results["forces"] - forces).max() <= 1e-12 * max(np.abs(forces).max(), 1e-2)
    assert np.abs(results["virial"] - virial).max() <= 1e-12 * max(np.abs(virial).max(), 1e-1)
    if case.magnetic_forces is not None:
        expected, scale = case.magnetic_forces, np.abs(case.magnetic_forces).max()
        assert np.abs(results["magnetic_forces"] - expected).max() <= 1e-10 * scale
