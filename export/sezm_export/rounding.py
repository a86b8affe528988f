"""How far rounding alone moves a model's outputs: no file can be nearer to the model than that."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sezm_infer.sessions import Session

from .deviations import deviations

DRAWS = 2
"""Random perturbations of which the one with the largest effect counts."""

MARGIN = 4.0
"""A file may deviate this many times as far as a change of the input by its own precision does."""

LARGEST_ALLOWANCE = 10.0
"""Whatever rounding does, no more than this many times the usual tolerance is allowed."""


def allowances(
    eager: Session,
    inputs: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    scales: Mapping[str, np.ndarray],
    tolerances: Mapping[str, float],
) -> dict[str, float]:
    """Largest allowed deviation of each output for one system.

    Deep models in float32 amplify rounding, small systems with cancelling forces most, and two
    right evaluations of them may differ by more than the usual tolerance.

    Args:
        eager: the model.
        inputs: of the system.
        expected: its outputs.
        scales: what deviations are measured by.
        tolerances: the usual ones.
    """
    rng = np.random.default_rng(1)
    allowed = dict(tolerances)
    for _ in range(DRAWS):
        found = eager.run(_perturbed(inputs, rng))
        for name, deviation in deviations(found, expected, scales).items():
            limit = LARGEST_ALLOWANCE * tolerances[name]
            allowed[name] = max(allowed[name], min(MARGIN * deviation, limit))
    return allowed


def _perturbed(inputs: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Edge vectors changed in their last digit."""
    vectors = inputs["edge_vec"]
    noise = rng.uniform(-1, 1, vectors.shape) * np.finfo(vectors.dtype).eps
    return {**inputs, "edge_vec": (vectors * (1 + noise)).astype(vectors.dtype)}
