"""Runs exported interatomic potentials: sessions, neighbour lists, ASE, molecular dynamics."""

from .calculator import SezmCalculator
from .errors import SezmError, SezmWarning
from .evaluation import Evaluation, evaluate
from .metadata import Metadata
from .sessions import Session, open_session

__all__ = [
    "Evaluation",
    "Metadata",
    "Session",
    "SezmCalculator",
    "SezmError",
    "SezmWarning",
    "evaluate",
    "open_session",
]
