"""Messages along the paths of a tensor product, summed at their target atoms.

Of each path the weights (a product of the radial network's last layer), the source features, and
the harmonics times the Clebsch-Gordan table meet in one batched product, which also sums over the
neighbours in a row; what is left to sum over rows is as wide as the result.

Features are [N, sum of (2 l + 1) * multiplicity], each block component by component.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..neighbor_rows import ROW_WIDTH, NeighborRows, gather_sources, sum_to_targets
from .clebsch_gordan import clebsch_gordan
from .irreps import Block
from .linear import BlockLinear
from .parameters import Parameters
from .plan import LayerPlan, Path
from .radial import RadialNetwork, constant


class Convolution(nn.Module):
    """Linear map, messages, sum over neighbours, linear map.

    Args:
        parameters: of the file.
        prefix: of the parameters' names.
        plan: of the layer.
        radial_widths: of the radial network, without its output.
        activation: of the radial network.
        neighbors: what the sums are divided by.
        dtype: of all tensors.
    """

    def __init__(
        self,
        parameters: Parameters,
        prefix: str,
        plan: LayerPlan,
        *,
        radial_widths: list[int],
        activation: str,
        neighbors: float,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.source_sizes = block_sizes(plan.source)
        source_index = {block.irrep: index for index, block in enumerate(plan.source)}
        self.linear_in = BlockLinear(
            parameters, f"{prefix}#linear_in", plan.source, plan.source, dtype
        )
        name = f"{prefix}#radial_mlp"
        self.radial = RadialNetwork(parameters, name, radial_widths, activation, dtype)
        kernel = parameters.take(
            f"{name}#layers_{len(radial_widths) - 1}#kernel", (radial_widths[-1], plan.radial_width)
        )
        # The linear map sees each target's channels path by path.
        self.linear_out = BlockLinear(
            parameters,
            f"{prefix}#linear_out",
            [Block(plan.channels(block.irrep), block.irrep) for block in plan.gated],
            plan.gated,
            dtype,
            order={
                block.irrep: np.concatenate(
                    [plan.rows(path) for path in plan.paths if path.target == block.irrep]
                )
                for block in plan.gated
            },
            scale=1.0 / neighbors,
        )
        self.paths = nn.ModuleList(
            PathProduct(path, kernel[:, plan.columns(path)], dtype) for path in plan.paths
        )
        self.path_inputs = [(source_index[path.source], path.degree) for path in plan.paths]
        targets = [path.target for path in plan.paths]
        self.paths_per_target = [targets.count(block.irrep) for block in plan.gated]

    def sent(self, features: Tensor) -> Tensor:
        """What an atom gives its neighbours: [N, source] -> [N, source]."""
        mixed: Tensor = self.linear_in(features)
        return mixed

    def forward(
        self,
        sent: Tensor,
        rows: NeighborRows,
        radial: Tensor,
        inside: Tensor,
        harmonics: Sequence[Tensor],
    ) -> Tensor:
        """:meth:`sent` of all atoms, ghosts included [A, source] -> [N, gated]."""
        gathered = gather_sources(sent, rows)
        sources = gathered.split(self.source_sizes, 1)
        hidden = self.radial(radial, inside)
        messages = [
            path(hidden, sources[index], harmonics[degree])
            for path, (index, degree) in zip(self.paths, self.path_inputs, strict=True)
        ]
        blocks, first = [], 0
        for count in self.paths_per_target:
            blocks.append(torch.cat(messages[first : first + count], 2).flatten(1))
            first += count
        return self.linear_out(sum_to_targets(torch.cat(blocks, 1), rows))


class PathProduct(nn.Module):
    """Messages of one path, summed over the slots of each row."""

    coupling: Tensor

    def __init__(self, path: Path, kernel: np.ndarray, dtype: torch.dtype) -> None:
        super().__init__()
        self.source_dim, self.target_dim = path.source.dim, path.target.dim
        self.kernel = constant(np.ascontiguousarray(kernel), dtype)
        table = clebsch_gordan(path.target.degree, path.source.degree, path.degree)
        table = table.transpose(2, 1, 0).reshape(2 * path.degree + 1, -1)
        coupling = torch.tensor(table * np.sqrt(self.target_dim)).to(dtype)
        self.register_buffer("coupling", coupling, persistent=False)

    def forward(self, hidden: Tensor, source: Tensor, harmonics: Tensor) -> Tensor:
        """[S, H], [S, source dim * C], [S, 2 l + 1] -> [R, target dim, C]."""
        weights = hidden @ self.kernel  # [S, C]
        channels = weights.shape[1]
        weighted = weights.unsqueeze(1) * source.reshape(-1, self.source_dim, channels)
        matrix = harmonics @ self.coupling  # [S, source dim * target dim]
        depth = ROW_WIDTH * self.source_dim
        left = matrix.reshape(-1, depth, self.target_dim).transpose(1, 2)
        return torch.bmm(left, weighted.reshape(-1, depth, channels))


def block_sizes(blocks: Sequence[Block]) -> list[int]:
    """Widths of the blocks in a row of features."""
    return [block.multiplicity * block.irrep.dim for block in blocks]
