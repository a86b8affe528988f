"""Sums and maxima over the edges of each atom: the only reductions with data-dependent targets.

Exporters lower these two (`aten.index_add`, `aten.index_reduce`) to what each runtime does right
and fast, so models use nothing else to reduce over edges.
"""

from __future__ import annotations

import warnings

from torch import Tensor

# torch announces once per process that index_reduce is in beta; users can do nothing about it.
warnings.filterwarnings("ignore", message=r"index_reduce\(\) is in beta", category=UserWarning)


def segment_sum(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Row n of the result is the sum of the rows of ``values`` whose ``index`` is n.

    Args:
        values: [E, ...].
        index: [E] int64, in 0 .. size-1, in any order.
        size: number of segments.

    Returns:
        [size, ...]; zero where a segment is empty.
    """
    return values.new_zeros((size, *values.shape[1:])).index_add(0, index, values)


def segment_max(values: Tensor, index: Tensor, floor: Tensor) -> Tensor:
    """Row n of the result is the largest of ``floor[n]`` and the rows of ``values`` of segment n.

    Args:
        values: [E, ...].
        index: [E] int64, in 0 .. N-1, in any order.
        floor: [N, ...].

    Returns:
        [N, ...], without gradient (used to shift exponents).
    """
    return floor.detach().index_reduce(0, index, values.detach(), "amax")
