"""The frame of an edge, and the matrices that rotate features into it (escn.md, Edge frame)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .harmonics import raising_matrix
from .tables import WithTables, frame_rows

TILT = np.linalg.qr(np.random.default_rng(20).standard_normal((3, 3)))[0]
"""Turns space so that no direction of a crystal in its usual setting lies where frames jump."""


class EdgeFrames(WithTables):
    """From edge vectors to rotation matrices of features.

    The model depends slightly on the roll of a frame about its edge. Frames here are a function of
    the direction alone, nowhere degenerate, and jump where an edge crosses one plane; some jump is
    unavoidable.

    Args:
        lmax, mmax: of the features in the frame.
    """

    def __init__(self, lmax: int, mmax: int) -> None:
        super().__init__()
        self.lmax = lmax
        self.rows = frame_rows(lmax, mmax)
        self.table("tilt", TILT)
        for degree in range(2, lmax + 1):
            self.table(f"raising_{degree}", raising_matrix(degree))
        self.register_buffer("rows_of_frame", torch.tensor(self.rows), persistent=False)
        degrees = np.floor(np.sqrt(np.arange((lmax + 1) ** 2)))
        self.table("blocks", 1.0 * (degrees[self.rows][:, None] == degrees))

    def forward(self, vec: Tensor) -> Tensor:
        """Vectors [E, 3], none of length 0 -> rotations [E, 3, 3] that turn them to y."""
        n = vec / length(vec).unsqueeze(1)
        first = _perpendicular(n @ self.tilt.t()) @ self.tilt
        first = first - (first * n).sum(1, keepdim=True) * n
        first = first / length(first).unsqueeze(1)
        return torch.stack([first, n, _cross(first, n)], 1)

    def rows_of(self, wigner: Tensor) -> Tensor:
        """All rows [E, (lmax+1)^2, (lmax+1)^2] -> those in the frame, zero between degrees."""
        return wigner.index_select(1, self.rows_of_frame) * self.blocks

    def wigner(self, rotation: Tensor) -> Tensor:
        """Rotations [E, 3, 3] -> matrices [E, rows in the frame, (lmax+1)^2]."""
        current = rotation
        blocks = [torch.ones_like(rotation[:, :1, :1]), rotation]
        for degree in range(2, self.lmax + 1):
            size = 3 * (2 * degree - 1)
            product = rotation[:, :, None, :, None] * current[:, None, :, None, :]
            raising = getattr(self, f"raising_{degree}")
            # ONNX Runtime multiplies no batch of 0 edges from the left by one matrix.
            right = product.reshape(-1, size, size) @ raising
            current = (right.transpose(1, 2) @ raising).transpose(1, 2)
            blocks.append(current)
        width = (self.lmax + 1) ** 2
        padded = []
        for degree, block in enumerate(blocks[: self.lmax + 1]):
            before = degree * degree
            after = width - before - (2 * degree + 1)
            padded.append(torch.nn.functional.pad(block, (before, after)))
        return torch.cat(padded, 1).index_select(1, self.rows_of_frame)


def length(vec: Tensor) -> Tensor:
    """[E, 3] -> [E]."""
    return torch.sqrt((vec * vec).sum(1))


def _perpendicular(n: Tensor) -> Tensor:
    """A unit vector perpendicular to each unit vector, [E, 3], without a singular direction.

    The branch-free basis of Duff et al., J. Comput. Graph. Tech. 6 (2017) 1.
    """
    x, y, z = n.unbind(1)
    sign = torch.where(z >= 0, torch.ones_like(z), -torch.ones_like(z))
    a = -1.0 / (sign + z)
    return torch.stack([1.0 + sign * x * x * a, sign * x * y * a, -sign * x], 1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    """a x b of [E, 3]."""
    (ax, ay, az), (bx, by, bz) = a.unbind(1), b.unbind(1)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], 1)
