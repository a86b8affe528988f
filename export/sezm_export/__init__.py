"""From a checkpoint to a portable file, and its proof."""

from .check import check
from .eager import EagerSession
from .export import export, export_model

__all__ = ["EagerSession", "check", "export", "export_model"]
