"""Real spherical harmonics of edge directions, of any degree, by dense products."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .clebsch_gordan import clebsch_gordan


class SphericalHarmonics(nn.Module):
    """Harmonics of unit vectors, |Y_l|^2 = 2 l + 1.

    Degree l + 1 is the coupling of degree l with the vector itself, scaled.
    """

    def __init__(self, max_degree: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.max_degree = max_degree
        pole = np.array([0.0, 1.0, 0.0])
        at_pole = pole
        for degree in range(2, max_degree + 1):
            table = clebsch_gordan(degree, degree - 1, 1)
            raw = np.einsum("ijk,j,k->i", table, at_pole, pole)
            # At the pole only the middle one is not zero; it is positive there.
            table = table * (np.sqrt(2 * degree + 1) / raw[degree])
            at_pole = np.einsum("ijk,j,k->i", table, at_pole, pole)
            product = torch.tensor(table.transpose(1, 2, 0).reshape(-1, 2 * degree + 1))
            self.register_buffer(f"coupling_{degree}", product.to(dtype), persistent=False)

    def forward(self, direction: Tensor) -> list[Tensor]:
        """[S, 3] unit vectors -> [S, 2 l + 1] for each degree."""
        harmonics = [torch.ones_like(direction[:, :1])]
        if self.max_degree >= 1:
            harmonics.append(3**0.5 * direction)
        for degree in range(2, self.max_degree + 1):
            # Degree 1 enters the first product as the direction, without its factor.
            last = harmonics[-1] if degree > 2 else direction
            outer = (last.unsqueeze(2) * direction.unsqueeze(1)).flatten(1)
            harmonics.append(outer @ getattr(self, f"coupling_{degree}"))
        return harmonics
