"""What each layer maps to what: irreps and paths (nequip.md, "Layer" 1, 4 and 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .irreps import SCALAR, Block, Irrep, in_order


class Path(NamedTuple):
    """Source irrep times harmonics of one degree to one target irrep.

    Attributes:
        source: irrep of the features of the source atom.
        degree: of the harmonics.
        target: irrep of the message.
        first: of the path's rows among all of its target, in units of :attr:`LayerPlan.groups`.
    """

    source: Irrep
    degree: int
    target: Irrep
    first: int


class LayerPlan(NamedTuple):
    """Irreps and paths of one layer.

    Attributes:
        source: blocks of the features that come in.
        scalars, nonscalars: blocks of the features that go out, in this order.
        gated: what the linear maps go to: scalars and gates, then nonscalars; each irrep once.
        groups: greatest common divisor of the source multiplicities.
        paths: in the order of the radial network's columns.
    """

    source: tuple[Block, ...]
    scalars: tuple[Block, ...]
    nonscalars: tuple[Block, ...]
    gated: tuple[Block, ...]
    groups: int
    paths: tuple[Path, ...]

    @property
    def features(self) -> tuple[Block, ...]:
        """Blocks that go out."""
        return self.scalars + self.nonscalars

    @property
    def gates(self) -> int:
        """Number of gates: one for each channel that is no scalar."""
        return sum(block.multiplicity for block in self.nonscalars)

    def width(self, path: Path) -> int:
        """Number of channels of a path: those of its source."""
        return dict((irrep, count) for count, irrep in self.source)[path.source]

    def rows(self, path: Path) -> np.ndarray:
        """Where mlip has a path's channels among those of its target, [width]."""
        return self._group(path) * self._rows_per_group(path.target) + self._row(path)

    def columns(self, path: Path) -> np.ndarray:
        """Where mlip has a path's channels among the radial network's columns, [width]."""
        before = 0
        for target in dict.fromkeys(path.target for path in self.paths):
            if target == path.target:
                break
            before += self._rows_per_group(target)
        return (before + self._row(path)) * self.groups + self._group(path)

    @property
    def radial_width(self) -> int:
        """Columns of the radial network."""
        return sum(self.width(path) for path in self.paths)

    def channels(self, target: Irrep) -> int:
        """Channels of all paths to one irrep."""
        return sum(self.width(path) for path in self.paths if path.target == target)

    def _rows_per_group(self, target: Irrep) -> int:
        return self.channels(target) // self.groups

    def _group(self, path: Path) -> np.ndarray:
        return np.arange(self.width(path)) // (self.width(path) // self.groups)

    def _row(self, path: Path) -> np.ndarray:
        return path.first + np.arange(self.width(path)) % (self.width(path) // self.groups)


def plan_layer(source: tuple[Block, ...], target: Sequence[Block], max_degree: int) -> LayerPlan:
    """The plan of a layer.

    Args:
        source: blocks of its input.
        target: blocks asked for; those out of reach are left out.
        max_degree: of the harmonics.
    """
    reachable = {
        irrep
        for _, left in source
        for degree in range(max_degree + 1)
        for irrep in _products(left, degree)
    }
    within = [block for block in target if block.irrep in reachable]
    scalars = tuple(block for block in within if block.irrep.degree == 0)
    nonscalars = tuple(block for block in within if block.irrep.degree > 0)
    # Gates are even: 0e comes out of the even scalars, which every source has.
    counts = {block.irrep: block.multiplicity for block in within}
    gates = sum(block.multiplicity for block in nonscalars)
    if gates:
        counts[SCALAR] = counts.get(SCALAR, 0) + gates
    gated = tuple(Block(counts[irrep], irrep) for irrep in in_order(counts))
    groups = math.gcd(*(block.multiplicity for block in source))
    return LayerPlan(
        source, scalars, nonscalars, gated, groups, _paths(source, set(counts), max_degree, groups)
    )


def _paths(
    source: tuple[Block, ...], targets: set[Irrep], max_degree: int, groups: int
) -> tuple[Path, ...]:
    """All paths, sorted by target; within a target by source block, then degree."""
    rows = dict.fromkeys(targets, 0)
    paths = []
    for multiplicity, left in source:
        for degree in range(max_degree + 1):
            for target in _products(left, degree):
                if target in targets:
                    paths.append(Path(left, degree, target, rows[target]))
                    rows[target] += multiplicity // groups
    order = {irrep: index for index, irrep in enumerate(in_order(targets))}
    return tuple(sorted(paths, key=lambda path: order[path.target]))


def _products(left: Irrep, degree: int) -> list[Irrep]:
    """Irreps in the product with the harmonics of a degree, in ascending order."""
    parity = left.parity * (-1) ** degree
    first, last = abs(left.degree - degree), left.degree + degree
    return [Irrep(out, parity) for out in range(first, last + 1)]
