"""Comparison of outputs, in the units and tolerances that files are proven with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sezm_export.deviations import TOLERANCES, deviations, scales, typical


def assert_agree(
    found: Mapping[str, np.ndarray],
    expected: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
) -> None:
    """Same names, shapes and dtypes, and numbers within the tolerance of the dtype."""
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype
    tolerances = TOLERANCES[str(expected["forces"].dtype)]
    by_scale = scales(expected, inputs, typical([expected]))
    for name, deviation in deviations(found, expected, by_scale).items():
        assert deviation <= tolerances[name], name
