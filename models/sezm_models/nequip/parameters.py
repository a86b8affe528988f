"""The arrays of a file, taken one by one and checked against what the configuration asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ..errors import CheckpointError
from .irreps import Irrep

PREFIX = "params#mlip_network#"


class Parameters:
    """Arrays by name, each taken once; ``count`` is the number of their elements.

    Args:
        arrays: as the file has them.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        strange = [name for name in arrays if not name.startswith(PREFIX)]
        if strange:
            raise CheckpointError(f"parameter {strange[0]!r} belongs to no NequIP network")
        self.arrays = {
            name.removeprefix(PREFIX): values.astype(np.float64) for name, values in arrays.items()
        }

        self.count = sum(values.size for values in arrays.values())

    def take(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """One array in float64.

        Raises:
            CheckpointError: it is missing, or has another shape.
        """
        if name not in self.arrays:
            raise CheckpointError(f"parameter {PREFIX + name!r} of shape {shape} is missing")
        values = self.arrays.pop(name)
        if values.shape != shape:
            raise CheckpointError(
                f"parameter {PREFIX + name!r} has shape {values.shape}; "
                f"the configuration asks for {shape}"
            )
        if not np.isfinite(values).all():
            raise CheckpointError(f"parameter {PREFIX + name!r} has values that are not finite")
        return values

    def take_linear(self, prefix: str, irrep: Irrep, shape: tuple[int, ...]) -> np.ndarray:
        """The weight of a linear map to one irrep, scaled as it acts.

        Args:
            prefix: of the name, up to the block's number.
            irrep: of the output.
            shape: [..., outputs, inputs]. A weight without inputs may have any number of axes.
        """
        pattern = re.compile(
            re.escape(prefix) + rf"#weight\d+_{irrep.degree}_{irrep.parity}", re.ASCII
        )
        names = [name for name in self.arrays if pattern.fullmatch(name)]
        if len(names) != 1:
            raise CheckpointError(
                f"{PREFIX + prefix!r} has {len(names)} weights to {irrep}; expected one"
            )
        if shape[-1] == 0:
            self.arrays.pop(names[0])
            return np.zeros(shape)
        return self.take(names[0], shape) / np.sqrt(shape[-1])

    def require_empty(self) -> None:
        """Raises:
        CheckpointError: arrays are left over, other than those without elements, which mlip has
            for irreps that a linear map does not connect.
        """
        left = [name for name, values in self.arrays.items() if values.size]
        if left:
            raise CheckpointError(
                f"parameter {PREFIX + left[0]!r} has no place in the network that the "
                "configuration describes"
            )
