"""Loaded models behind one small protocol, whatever the format of their file."""

from .open import open_session, read_heads, read_metadata
from .protocol import Session

__all__ = ["Session", "open_session", "read_heads", "read_metadata"]
