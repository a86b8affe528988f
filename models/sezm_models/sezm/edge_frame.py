"""The frame of an edge: rows of features there, the way there and back (sezm.md 0.3, 3.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from .degrees import degree_of_rows, frame_rows, n_rows, packed_rows

FrameKey = tuple[int, int]


@dataclass(frozen=True)
class FrameRotation:
    """Rotation to the frame of each slot's edge; frame row (m, l), packed row d.

    Attributes:
        wigner: [S, 2 mmax + 1, D] rows m' = 0, -1, +1, ... of the Wigner matrices.
        frame: whose rotation it is.
    """

    wigner: Tensor
    frame: EdgeFrame

    @cached_property
    def rows(self) -> Tensor:
        """[S, M, D] elements (m, d) of the Wigner matrix of d's degree, whatever l is."""
        by_order = self.wigner.unbind(1)
        return torch.stack([by_order[row] for row in self.frame.wigner_row], 1)

    @cached_property
    def matrix(self) -> Tensor:
        """[S, M, D] the rotation: zero where d is not of degree l."""
        return self.rows * self.frame.same_degree


class EdgeFrame(nn.Module):
    """Rows of the edge frame, by |m|, then the sign of m, then l.

    Args:
        lmax, mmax: of the features there.
        dtype: of the constants.
    """

    def __init__(self, lmax: int, mmax: int, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.lmax, self.mmax = lmax, mmax
        self.rows = frame_rows(lmax, mmax)
        self.degrees = [degree for degree, _ in self.rows]
        packed = degree_of_rows(lmax)
        self.wigner_row = [2 * abs(m) - (m < 0) for _, m in self.rows]
        same = [[float(degree == d) for d in packed] for degree in self.degrees]
        scale = [math.sqrt((2 * d + 1) / (2 * mmax + 1)) if d > mmax else 1.0 for d in packed]
        by_degree = [self.rows.index(row) for row in packed_rows(lmax, mmax)]
        buffers = {
            "degree_of_packed_row": torch.tensor(packed),
            "degree_of_row": torch.tensor(self.degrees),
            "same_degree": torch.tensor(same, dtype=dtype),
            "truncation_scale": torch.tensor(scale, dtype=dtype).reshape(1, -1, 1, 1),
            "rows_by_degree": torch.tensor(by_degree),
            "rows_by_order": torch.tensor(by_degree).argsort(),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    @property
    def key(self) -> FrameKey:
        """Frames of equal keys are equal."""
        return self.lmax, self.mmax

    def rotation(self, wigner: Tensor) -> FrameRotation:
        """From Wigner rows m' = 0, -1, +1, ... [S, *, *] of as many orders and degrees or more."""
        return FrameRotation(wigner[:, : 2 * self.mmax + 1, : n_rows(self.lmax)], self)

    def split_orders(self, local: Tensor, n_focus: int) -> list[Tensor]:
        """[S, M, F * C] -> one [F, S, rows * C] for m = 0, -1, +1, ..., as in :mod:`.so2`."""
        local = local.unflatten(2, (n_focus, -1)).permute(2, 0, 1, 3)
        pairs = [self.lmax - m + 1 for m in range(1, self.mmax + 1) for _ in (-1, 1)]
        return [part.flatten(2) for part in local.split([self.lmax + 1, *pairs], 2)]

    def join_orders(self, parts: list[Tensor], channels: int) -> Tensor:
        """The reverse: [S, M, F, C]."""
        return torch.cat([part.unflatten(2, (-1, channels)) for part in parts], 2).permute(
            1, 2, 0, 3
        )
