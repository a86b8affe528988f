"""Architectures in plain torch, and readers of trained checkpoints."""

from .errors import CheckpointError
from .sezm.reader import read_checkpoint
from .sezm.simplify import simplify

__all__ = ["CheckpointError", "read_checkpoint", "simplify"]
