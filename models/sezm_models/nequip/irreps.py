"""Irreducible representations of O(3) with multiplicities, in mlip's notation and order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import CheckpointError


class Irrep(NamedTuple):
    """Degree l and parity, 1 or -1."""

    degree: int
    parity: int

    @property
    def dim(self) -> int:
        """2 l + 1."""
        return 2 * self.degree + 1

    @property
    def is_natural(self) -> bool:
        """Whether the parity is that of the spherical harmonics of this degree."""
        return self.parity == (-1) ** self.degree

    def __str__(self) -> str:
        return f"{self.degree}{'e' if self.parity == 1 else 'o'}"


SCALAR = Irrep(0, 1)


class Block(NamedTuple):
    """An irrep and how often it occurs."""

    multiplicity: int
    irrep: Irrep


def in_order(irreps: Iterable[Irrep]) -> list[Irrep]:
    """By degree, natural parity first."""
    return sorted(irreps, key=lambda irrep: (irrep.degree, not irrep.is_natural))


def parse_irreps(text: str) -> tuple[Block, ...]:
    """Blocks of a text such as ``"8x0e + 4x1o"``.

    Raises:
        CheckpointError: it is no such text, an irrep occurs twice, or they are not in order.
    """
    blocks = []
    for part in text.split("+"):
        found = re.fullmatch(r"\s*(?:(\d{1,6})\s*x\s*)?(\d{1,2})([eo])\s*", part)
        if found is None:
            raise CheckpointError(f'target_irreps {text!r} is no sum of terms such as "8x0e"')
        multiplicity, degree, parity = found.groups()
        blocks.append(Block(int(multiplicity or 1), Irrep(int(degree), 1 if parity == "e" else -1)))
    irreps = [block.irrep for block in blocks]
    if irreps != in_order(set(irreps)):
        raise CheckpointError(
            f"target_irreps {text!r}: each irrep once, by degree, natural parity first"
        )
    return tuple(block for block in blocks if block.multiplicity)
