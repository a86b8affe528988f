"""How fast the files of a model run here: time, throughput and memory over system sizes."""

from .advice import advice, at_largest_size
from .entries import Entry, entries
from .turns import Measurement, measure

__all__ = ["Entry", "Measurement", "advice", "at_largest_size", "entries", "measure"]
