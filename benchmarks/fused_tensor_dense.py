"""FusedTensor against a dense Clebsch-Gordan product of the same two features.

    python benchmarks/fused_tensor_dense.py [--atoms N] [--channels C]

Prints rows of the table in docs/fused_tensor.md: CPU milliseconds of one forward pass, one thread,
the least of several runs, and multiply-adds per atom and channel.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from functools import partial

import torch
from sezm_models.fused_tensor import FusedTensor
from sezm_models.nequip.clebsch_gordan import clebsch_gordan
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

DEGREES = (1, 2, 3, 4, 6, 8)
RUNS = 15


def main() -> None:
    """Measure all degrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", type=int, default=200)
    parser.add_argument("--channels", type=int, default=32)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for degree in DEGREES:
        rows = (degree + 1) ** 2
        features = torch.randn(2, options.atoms, 1, rows, options.channels)
        layer = FusedTensor(degree, degree, options.channels, include_pseudotensors=False)
        table = dense_table(degree, options.channels)
        by_channel = features[:, :, 0].permute(0, 3, 1, 2).contiguous()  # [2, C, N, rows]
        calls = {
            "fused": partial(layer, *features),
            "dense": partial(dense_product, table, *by_channel),
        }
        per = options.atoms * options.channels
        cells = [f"{degree}"]
        for call in calls.values():
            cells += [f"{milliseconds(call):.2f}", f"{multiply_adds(call) / per:,.0f}"]
        print(" | ".join(["", *cells, ""]).strip())


def dense_table(degree: int, channels: int) -> Tensor:
    """Weighted couplings of all degrees to all, no pseudotensors: [C, rows * rows, rows]."""
    rows = (degree + 1) ** 2
    table = torch.zeros(channels, rows, rows, rows)
    parts = [slice(n**2, (n + 1) ** 2) for n in range(degree + 1)]
    for first, second, third in itertools.product(range(degree + 1), repeat=3):
        if abs(first - second) <= third <= first + second and (first + second + third) % 2 == 0:
            values = torch.tensor(clebsch_gordan(third, first, second).transpose(1, 2, 0))
            weights = torch.randn(channels, 1, 1, 1)
            table[:, parts[first], parts[second], parts[third]] = weights * values.float()
    return table.flatten(1, 2)


def dense_product(table: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Every component with every other, then the table: [C, N, rows] twice -> [C, N, rows]."""
    outer = left.unsqueeze(3) * right.unsqueeze(2)  # [C, N, rows, rows]
    return torch.bmm(outer.flatten(2), table)


def milliseconds(call: Callable[[], Tensor]) -> float:
    """CPU time of this process, the least of some runs."""
    call()
    found = []
    for _ in range(RUNS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return 1e3 * min(found)


def multiply_adds(call: Callable[[], Tensor]) -> int:
    """Of matrix products."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() // 2


if __name__ == "__main__":
    main()
