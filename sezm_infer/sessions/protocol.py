"""What every runtime of a model looks like from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..metadata import Metadata


class Session(Protocol):
    """A loaded model: the contract's tensors in, the contract's tensors out.

    One session per file format stands in this folder; a checkpoint has its own in
    ``sezm_export.eager``. Sessions hold no structure and no neighbour list.

    Attributes:
        metadata: what the file says of itself.
    """

    metadata: Metadata

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Evaluate the model once.

        Args:
            inputs: one array per name in ``metadata.inputs``, with its shape and dtype.

        Returns:
            one array per name in ``metadata.outputs``.

        Raises:
            SezmError: the sizes do not fit the file (static files only).
        """
        ...
