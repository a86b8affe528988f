"""Staged files behave like ordinary ones: all programs run, one after the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .parts import Part, tiles, whole
from .protocol import Session
from .stage_run import run_stages

EDGES_PER_TILE = 8192
"""Tiles bound the memory: it grows with the atoms, not with their edges. At 192 atoms of water, in
ONNX Runtime on one thread (2-core EPYC, other jobs running, CPU ms; an ordinary file takes 549):

    edges per tile    512   1024   2048   4096   8192   all
    Mini             1316   1052    914    884    783   875
"""


class StagedSession:
    """Wraps the session of a staged file, which runs single programs.

    Args:
        programs: session of the file, whose ``metadata.stages`` is not None.
        edges_per_tile: of parts that are computed one after the other; None for one part.

    Attributes:
        programs: as given.
    """

    def __init__(self, programs: Session, edges_per_tile: int | None = EDGES_PER_TILE) -> None:
        stages = programs.metadata.stages
        assert stages is not None, "not a staged file"
        self.metadata = programs.metadata
        self.programs = programs
        self._stages = stages
        self._edges_per_tile = edges_per_tile

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        found = run_stages(self.programs, self._stages, inputs, self._parts(inputs))
        results = contract_outputs(found, inputs)
        return {spec.name: results[spec.name] for spec in self.metadata.outputs}

    def _parts(self, inputs: Mapping[str, np.ndarray]) -> list[Part]:
        if self._edges_per_tile is None:
            return whole(inputs)
        return tiles(inputs, self._edges_per_tile)


def contract_outputs(
    found: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The contract's outputs from energies and gradients (equations in ``contract``).

    Args:
        found: results of :func:`~sezm_infer.sessions.stage_run.run_stages`.
        inputs: of the contract.
    """
    gradient, vec = found["edge_vec_grad"].astype(float), inputs["edge_vec"].astype(float)
    (source, target), batch = inputs["edge_index"], inputs["batch"]
    n_atoms, n_systems = len(batch), len(inputs["natoms"])
    real = inputs["edge_vec"].dtype
    virial = -(gradient[:, :, None] * vec[:, None, :]).reshape(-1, 9)  # [E, 9]
    at_target = _sums(virial, target, n_atoms)
    forces = _sums(gradient, target, n_atoms) - _sums(gradient, source, n_atoms)
    results = {
        "energy": np.bincount(batch, found["atom_energy"], n_systems),
        "forces": forces.astype(real),
        "virial": _sums(at_target, batch, n_systems).reshape(-1, 3, 3).astype(real),
        "atom_energy": found["atom_energy"],
        "atom_virial": (0.5 * (at_target + _sums(virial, source, n_atoms)))
        .reshape(-1, 3, 3)
        .astype(real),
    }
    if "spins_grad" in found:
        results["magnetic_forces"] = -found["spins_grad"]
    return results


def _sums(values: np.ndarray, index: np.ndarray, size: int) -> np.ndarray:
    """Rows [E, K] summed by index: [size, K]."""
    return np.stack([np.bincount(index, column, size) for column in values.T], axis=1)
