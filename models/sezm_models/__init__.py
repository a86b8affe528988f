"""Architectures in plain torch, and readers of trained checkpoints."""

from .errors import CheckpointError
from .families import checkpoint_heads, read_checkpoint
from .sezm.simplify import simplify

__all__ = ["CheckpointError", "checkpoint_heads", "read_checkpoint", "simplify"]
