"""What one stage of a model hands to the next.

A model that passes messages is a row of stages, cut where atoms look at their neighbours::

    stage 0:  atoms, edges                              -> StageResult
    stage k:  atoms, edges, carried, received (k > 0)   -> StageResult, the last one energies

A stage computes the atoms that it is given edges of, the first N. Between stages each atom's
``sent`` is fetched for the atoms beyond these, the ghosts: ``received`` is ``sent`` of all.
Nothing else travels, so atoms may be split among processors, or computed group after group.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class StageResult(NamedTuple):
    """Attributes:
    carried: tensors [N, ...] that an atom's own next stage needs.
    sent: tensors [N, ...] that the next stage of its neighbours (and its own) needs.
    """

    carried: tuple[Tensor, ...]
    sent: tuple[Tensor, ...]
