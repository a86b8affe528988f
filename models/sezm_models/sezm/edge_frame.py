"""The frame of an edge: rows of features there, the way there and back (sezm.md 0.3, 3.5)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .degrees import degree_of_rows, frame_rows, n_rows, packed_rows


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
        same = [[float(degree == d) for d in packed] for degree in self.degrees]
        scale = [math.sqrt((2 * d + 1) / (2 * mmax + 1)) if d > mmax else 1.0 for d in packed]
        by_degree = [self.rows.index(row) for row in packed_rows(lmax, mmax)]
        buffers = {
            "degree_of_packed_row": torch.tensor(packed),
            "degree_of_row": torch.tensor(self.degrees),
            "select_rotation": self.selection(torch.tensor(same, dtype=dtype)),
            "truncation_scale": torch.tensor(scale, dtype=dtype).reshape(1, -1, 1, 1),
            "rows_by_degree": torch.tensor(by_degree),
            "rows_by_order": torch.tensor(by_degree).argsort(),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    def rotation(self, wigner: Tensor) -> Tensor:
        """The rotation as a matrix of frame rows by packed rows: [S, M, D]."""
        return self.select(wigner, self.select_rotation).unflatten(1, (len(self.rows), -1))

    def every_row(self, wigner: Tensor, repeats: int) -> Tensor:
        """The stored Wigner row of each frame row, ``repeats`` times over: [S, M repeats D]."""
        every = torch.ones_like(self.select_rotation[:1]).reshape(len(self.rows), -1)
        selection = self.selection(every).unflatten(1, (len(self.rows), 1, -1))
        return self.select(wigner, selection.expand(-1, -1, repeats, -1).flatten(1))

    def select(self, wigner: Tensor, selection: Tensor) -> Tensor:
        """Elements of the stored Wigner rows [S, 2 mmax + 1, D] by a constant 0/1 matrix: [S, *].

        A product, because its transpose is one: gathers and broadcasts over short axes have slow
        transposes in every runtime.
        """
        return wigner[:, : 2 * self.mmax + 1, : n_rows(self.lmax)].flatten(1) @ selection

    def selection(self, kept: Tensor) -> Tensor:
        """[(2 mmax + 1) D, M D]: element (row of order m, d) to (frame row of order m, d).

        ``kept`` [M, D] is 0 where it is left out.
        """
        d = n_rows(self.lmax)
        stored = torch.tensor([2 * abs(m) - (m < 0) for _, m in self.rows])
        selection = kept.new_zeros((2 * self.mmax + 1, d, len(self.rows), d))
        for row in range(len(self.rows)):
            selection[stored[row], :, row] = torch.diag(kept[row])
        return selection.reshape((2 * self.mmax + 1) * d, -1)

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
