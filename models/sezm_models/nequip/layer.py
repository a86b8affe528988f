"""One layer: convolution, residual by species, gate (nequip.md, "Layer")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows
from .activation import normalised
from .convolution import Convolution
from .irreps import SCALAR, Block
from .linear import BlockLinear
from .parameters import Parameters
from .plan import LayerPlan


class NequipLayer(nn.Module):
    """New features from those of the neighbours.

    Args:
        parameters: of the file.
        prefix: of the parameters' names.
        plan: irreps and paths.
        radial_widths: of the radial network, without its output.
        radial_activation: of the radial network.
        gate_nonlinearities: activation by parity, "e" and "o".
        neighbors: what the sums over neighbours are divided by.
        species: number of species, for the residual; None without one.
        dtype: of all tensors.
    """

    def __init__(
        self,
        parameters: Parameters,
        prefix: str,
        plan: LayerPlan,
        *,
        radial_widths: list[int],
        radial_activation: str,
        gate_nonlinearities: Mapping[str, str],
        neighbors: float,
        species: int | None,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.convolution_block = Convolution(
            parameters,
            f"{prefix}#convolution_block",
            plan,
            radial_widths=radial_widths,
            activation=radial_activation,
            neighbors=neighbors,
            dtype=dtype,
        )
        self.residual_block = None
        if species is not None:
            name = f"{prefix}#residual_block"
            self.residual_block = BlockLinear(
                parameters, name, plan.source, plan.gated, dtype, species=species
            )
        self.gate = Gate(plan, gate_nonlinearities)

    def sent(self, features: Tensor) -> Tensor:
        """What an atom gives its neighbours in this layer: [N, source] -> [N, source]."""
        return self.convolution_block.sent(features)

    def forward(
        self,
        features: Tensor,
        sent: Tensor,
        species: Tensor,
        rows: NeighborRows,
        radial: Tensor,
        inside: Tensor,
        harmonics: Sequence[Tensor],
    ) -> Tensor:
        """Features of the layer.

        Args:
            features: [N, source].
            sent: [A, source], :meth:`sent` of all atoms, ghosts included.
            species: [N] int64.
            rows: neighbours.
            radial: [S, num_rbf], zero outside the cutoff.
            inside: [S, 1], 1 within the cutoff.
            harmonics: [S, 2 l + 1] for each degree.

        Returns:
            [N, features of the plan].
        """
        mixed = self.convolution_block(sent, rows, radial, inside, harmonics)
        if self.residual_block is not None:
            mixed = mixed + self.residual_block(features, species)
        gated: Tensor = self.gate(mixed)
        return gated


class Gate(nn.Module):
    """Activations of scalars, and of one further scalar for each other channel, which it scales."""

    def __init__(self, plan: LayerPlan, nonlinearities: Mapping[str, str]) -> None:
        super().__init__()
        self.of_even, self.of_odd = (normalised(nonlinearities[parity]) for parity in "eo")
        self.scalars, self.nonscalars, self.gates = plan.scalars, plan.nonscalars, plan.gates
        self.even = sum(block.multiplicity for block in plan.scalars if block.irrep == SCALAR)
        self.odd = sum(block.multiplicity for block in plan.scalars if block.irrep != SCALAR)

    def forward(self, x: Tensor) -> Tensor:
        """[N, even scalars, gates, odd scalars, rest] -> [N, scalars, rest]."""
        sizes = [block.multiplicity * block.irrep.dim for block in self.nonscalars]
        even, odd, *rest = x.split([self.even + self.gates, self.odd, *sizes], 1)
        even = self.of_even(even)
        scalars, *gates = even.split(
            [self.even, *(block.multiplicity for block in self.nonscalars)], 1
        )
        results = [scalars, self.of_odd(odd)] if self.odd else [scalars]
        for block, gate, part in zip(self.nonscalars, gates, rest, strict=True):
            results.append(_scaled(part, gate, block))
        return torch.cat(results, 1)


def _scaled(part: Tensor, gate: Tensor, block: Block) -> Tensor:
    components = part.reshape(-1, block.irrep.dim, block.multiplicity)
    return (components * gate.unsqueeze(1)).flatten(1)
