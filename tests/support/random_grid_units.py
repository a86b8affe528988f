"""Grid units of any sizes with random weights."""

from __future__ import annotations

import torch
from sezm_models.sezm.degrees import packed_rows
from sezm_models.sezm.grid import GridProduct
from sezm_models.sezm.grid_units import GridUnitLayout, GridUnitWeights
from torch import Tensor


def random_unit(
    layout: GridUnitLayout,
    *,
    atoms: int,
    channels: int = 16,
    hidden: int = 32,
    width: int | None = None,
    dtype: torch.dtype = torch.float64,
) -> tuple[list[Tensor], GridUnitWeights]:
    """Features, one [N, D, C] for each input, and weights; ``width``: P, where there is mixing."""
    generator = torch.Generator().manual_seed(5)
    degrees, frames = layout.lmax + 1, range(1, layout.kmax + 1)
    hidden = hidden if layout.n_inputs == 1 else channels

    def drawn(*shape: int) -> Tensor:
        values = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return (values / shape[-2] ** 0.5).to(dtype)

    def layer(n_in: int, n_out: int) -> list[Tensor]:
        return [drawn(degrees, n_in, n_out), *(drawn(degrees - k, 2, n_in, n_out) for k in frames)]

    grid = GridProduct(packed_rows(layout.lmax), kmax=layout.kmax or None, dtype=dtype)
    names = ["zero", *(f"pair_{k}" for k in frames)]
    weights = GridUnitWeights(
        scalars=drawn(channels, 2 * hidden) if layout.n_inputs == 1 else None,
        left=layer(channels, width or hidden),
        right=layer(channels, width or hidden),
        to_grid=[getattr(grid, f"{name}_to_grid") for name in names],
        from_grid=[getattr(grid, f"{name}_from_grid") for name in names],
        gate=drawn(2 * hidden, hidden),
        second=layer(hidden, channels),
        mixing=None if width is None else drawn(width, hidden),
    )
    shape = (atoms, degrees**2, channels)
    return [drawn(*shape) * channels**0.5 for _ in range(layout.n_inputs)], weights
