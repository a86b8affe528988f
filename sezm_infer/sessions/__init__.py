"""Loaded models behind one small protocol, whatever the format of their file."""

from .choose import Choice, choose
from .open import open_file, open_session, read_heads, read_metadata
from .options import Options
from .protocol import Session

__all__ = [
    "Choice",
    "Options",
    "Session",
    "choose",
    "open_file",
    "open_session",
    "read_heads",
    "read_metadata",
]
