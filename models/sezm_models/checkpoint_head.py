"""One of several models in a file."""

from __future__ import annotations

from typing import NamedTuple


class CheckpointHead(NamedTuple):
    """What a file predicts, if it is asked for by name.

    Attributes:
        name: of the head.
        kind: "energy", "dens" or "property".
        is_default: whether it is read if no head is named.
    """

    name: str
    kind: str
    is_default: bool
