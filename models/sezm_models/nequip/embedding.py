"""Features of the species, and of the total charge (nequip.md, "Embedding")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .activation import ACTIVATIONS
from .parameters import Parameters
from .radial import constant

BLOCK = "NequipEmbeddingBlock_0#"


class NequipEmbeddingBlock(nn.Module):
    """First features of each atom.

    Args:
        parameters: of the file.
        species: number of rows of the table of species.
        channels: width of the features.
        charges: total charges that have a row; None for a model that knows none.
        activation: of the joint embedding.
        dtype: of all tensors.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        species: int,
        channels: int,
        charges: Sequence[int] | None,
        activation: str,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.first_charge = None
        if charges is None:
            table = parameters.take(
                f"{BLOCK}NodeEmbeddingBlock_0#embed#embedding", (species, channels)
            )
            self.species = constant(table / np.sqrt(species), dtype)
            return
        joint = f"{BLOCK}JointNodeEmbeddingBlock_0#"
        table = parameters.take(f"{joint}species_embedder#embed#embedding", (species, channels))
        rows = len(charges) + 1
        of_charge = parameters.take(f"{joint}charge_embedder#embed#embedding", (rows, channels))
        kernel = parameters.take(
            f"{joint}joint_embedding_projection#kernel", (2 * channels, channels)
        )
        # The projection of both parts ahead of their sum.
        self.species = constant(table / np.sqrt(species) @ kernel[:channels], dtype)
        self.first_charge = min(charges)
        span = max(charges) - self.first_charge + 1
        unknown = np.full((span + 2, channels), np.nan)  # one row on either side
        for rank, charge in enumerate(sorted(charges)):
            row = of_charge[rank + 1] / np.sqrt(rows)
            unknown[charge - self.first_charge + 1] = row @ kernel[channels:]
        self.charge = constant(unknown, dtype)

    def forward(self, species: Tensor, batch: Tensor, charge: Tensor | None) -> Tensor:
        """Species [N], system [N], total charge [B, 1] -> [N, channels].

        NaN for charges that the model does not know.
        """
        features = self.species.index_select(0, species)
        if self.first_charge is None or charge is None:
            return features
        row = charge[:, 0].to(torch.int64) - (self.first_charge - 1)
        of_system = self.charge.index_select(0, row.clamp(0, self.charge.shape[0] - 1))
        return self.activation(features + of_system.index_select(0, batch))
