"""A session with extra inputs, computed in numpy: what the runtime makes of a structure is seen.

With q, s, f of the system and a, m of the atom::

    atom_energy = 0.1 q + 0.01 s + sum(f) + sum(a) + |m|^2       magnetic_forces = -2 m
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sezm_infer.contract import signature
from sezm_infer.metadata import Metadata


def conditioned_metadata(
    conditioning: Mapping[str, int],
    defaults: Mapping[str, tuple[float, ...]] | None = None,
    *,
    forces_kind: str = "conservative",
    max_neighbors: int | None = None,
) -> Metadata:
    """The record of a model of H and O."""
    specs = signature(conditioning, forces_kind)
    return Metadata(
        family="toy",
        configuration={},
        elements=("H", "O"),
        cutoff=4.0,
        message_passing_steps=1,
        dtype="float64",
        static_sizes=None,
        inputs=specs.inputs,
        outputs=specs.outputs,
        checkpoint_sha256="0" * 64,
        forces_kind=forces_kind,
        input_defaults=dict(defaults or {}),
        max_neighbors=max_neighbors,
    )


class ConditionedSession:
    """Evaluates the energy above; forces are the number of neighbours, along x.

    Attributes:
        calls: how often it ran.
    """

    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.calls = 0

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        self.calls += 1
        assert [*inputs] == [spec.name for spec in self.metadata.inputs]
        size, batch = len(inputs["pos"]), inputs["batch"]
        atom_energy = np.zeros(size)
        outputs = {}
        if "charge_spin" in inputs:
            atom_energy += (inputs["charge_spin"] @ [0.1, 0.01])[batch]
        if "fparam" in inputs:
            atom_energy += inputs["fparam"].sum(1)[batch]
        if "aparam" in inputs:
            atom_energy += inputs["aparam"].sum(1)
        if "spins" in inputs:
            atom_energy += (inputs["spins"] ** 2).sum(1)
            outputs["magnetic_forces"] = -2 * inputs["spins"]
        if self.metadata.forces_kind == "conservative":
            outputs["virial"] = np.zeros((len(inputs["natoms"]), 3, 3))
        neighbors = np.bincount(inputs["edge_index"][1], minlength=size)
        outputs["forces"] = neighbors[:, None] * np.array([1.0, 0.0, 0.0])
        outputs["atom_energy"] = atom_energy
        outputs["energy"] = np.bincount(batch, atom_energy, minlength=len(inputs["natoms"]))
        return outputs
