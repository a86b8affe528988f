"""How far rounding alone moves a model's outputs: no file can be nearer to the model than that."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from .deviations import deviations
from .eager import EagerSession
from .flat_function import EnergyModel

DRAWS = 3
"""Random perturbations, of which the one with the largest effect on an output counts."""

MARGIN = 4.0
"""A file may deviate this many times as far as the model with perturbed weights does."""

LARGEST_ALLOWANCE = 10.0
"""Whatever rounding does, no more than this many times the usual tolerance is allowed."""


class RoundingProbe:
    """A model in copies whose weights and edge vectors are changed in their last digit.

    Deep models in float32 amplify rounding, in small systems with cancelling energies and forces
    most: two right evaluations of them may differ by more than the usual tolerance.

    Args:
        model: the model itself, which stays as it is.
        atom_virial: whether the atoms' virials are compared.
    """

    def __init__(self, model: EnergyModel, *, atom_virial: bool) -> None:
        self._rng = np.random.default_rng(1)
        copies = [self._perturbed_copy(model) for _ in range(DRAWS)]
        self._sessions = [EagerSession.from_model(m, atom_virial=atom_virial) for m in copies]

    def allowances(
        self,
        inputs: Mapping[str, np.ndarray],
        expected: Mapping[str, np.ndarray],
        scales: Mapping[str, np.ndarray],
        tolerances: Mapping[str, float],
    ) -> dict[str, float]:
        """Largest allowed deviation of each output for one system.

        Args:
            inputs: of the system.
            expected: its outputs.
            scales: what deviations are measured by.
            tolerances: the usual ones.
        """
        allowed = dict(tolerances)
        for session in self._sessions:
            vectors = inputs["edge_vec"]
            found = session.run({**inputs, "edge_vec": vectors * self._factors(vectors.shape)})
            for name, deviation in deviations(found, expected, scales).items():
                limit = LARGEST_ALLOWANCE * tolerances[name]
                allowed[name] = max(allowed[name], min(MARGIN * deviation, limit))
        return allowed

    def _perturbed_copy(self, model: EnergyModel) -> EnergyModel:
        perturbed = copy.deepcopy(model)
        with torch.no_grad():
            for parameter in perturbed.parameters():
                parameter.mul_(torch.from_numpy(self._factors(parameter.shape)))
        return perturbed

    def _factors(self, shape: Sequence[int]) -> np.ndarray:
        """Close to one, float32."""
        noise = self._rng.uniform(-1, 1, tuple(shape)) * np.finfo(np.float32).eps
        return (1 + noise).astype(np.float32)
