"""Equivariant linear maps: one matrix for each irrep, shared by its components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .irreps import Block, Irrep
from .parameters import Parameters
from .radial import constant


class BlockLinear(nn.Module):
    """A linear map between features; irreps that the source lacks come out as zeros.

    Args:
        parameters: of the file.
        prefix: of the parameters' names.
        source, target: blocks of the features.
        dtype: of the weights.
        order: for each irrep, which of mlip's input channels each of ours is.
        scale: multiplies the result.
        species: if given, there is one map for each species.
    """

    def __init__(
        self,
        parameters: Parameters,
        prefix: str,
        source: Sequence[Block],
        target: Sequence[Block],
        dtype: torch.dtype,
        *,
        order: Mapping[Irrep, np.ndarray] | None = None,
        scale: float = 1.0,
        species: int | None = None,
    ) -> None:
        super().__init__()
        widths = {block.irrep: block.multiplicity for block in source}
        self.index = {block.irrep: number for number, block in enumerate(source)}
        self.source_sizes = [block.multiplicity * block.irrep.dim for block in source]
        self.source, self.target = list(source), list(target)
        self.weights = nn.ParameterDict()
        for outputs, irrep in target:
            leading = () if species is None else (species,)
            shape = (*leading, outputs, widths.get(irrep, 0))
            weight = parameters.take_linear(prefix, irrep, shape)
            if irrep in widths:
                if order is not None:
                    weight = weight[..., order[irrep]]
                weight = np.ascontiguousarray(weight.swapaxes(-1, -2) * scale)
                self.weights[str(irrep)] = constant(weight, dtype)

    def forward(self, features: Tensor, species: Tensor | None = None) -> Tensor:
        """[N, source] -> [N, target], for species [N] where each has a map of its own."""
        parts = features.split(self.source_sizes, 1)
        results = []
        for outputs, irrep in self.target:
            if irrep not in self.index:
                results.append(features.new_zeros(features.shape[0], outputs * irrep.dim))
                continue
            number = self.index[irrep]
            part = parts[number].reshape(-1, irrep.dim, self.source[number].multiplicity)
            weight = self.weights[str(irrep)]
            if species is None:
                results.append((part @ weight).flatten(1))
            else:
                results.append(torch.bmm(part, weight.index_select(0, species)).flatten(1))
        return torch.cat(results, 1)
