"""Options of an eSCN model, by fairchem's names (escn.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..elements import N_ELEMENTS
from ..errors import CheckpointError


@dataclass(frozen=True)
class ESCNConfig:
    """Options with fairchem's defaults.

    Attributes:
        max_neighbors: an atom sees at most so many nearest neighbours.
        cutoff: Angstrom.
        max_num_elements: rows of the tables of elements; row Z is that of atomic number Z.
        num_layers: layers, each of which passes messages once.
        lmax, mmax: largest degree, and largest order in the frame of an edge.
        sphere_channels, hidden_channels, edge_channels: widths C, H and that of edge features.
        num_sphere_samples: points of the read-out.
        distance_function: "gaussian".
        basis_width_scalar: width of a Gaussian in units of the spacing of centres.
        distance_resolution: Angstrom, spacing of centres.
        resolution: points of the grids in both angles; chosen by degree if None.
        compile, export: no effect here.
        rescale_grid: degrees that lack orders are scaled up on the grid.
    """

    max_neighbors: int = 300
    cutoff: float = 8.0
    max_num_elements: int = 100
    num_layers: int = 8
    lmax: int = 4
    mmax: int = 2
    sphere_channels: int = 128
    hidden_channels: int = 256
    edge_channels: int = 128
    num_sphere_samples: int = 128
    distance_function: str = "gaussian"
    basis_width_scalar: float = 1.0
    distance_resolution: float = 0.02
    resolution: int | None = None
    compile: bool = False
    export: bool = False
    rescale_grid: bool = False

    @property
    def num_gaussians(self) -> int:
        """Functions of the distance."""
        return int(self.cutoff / self.distance_resolution)

    def as_dict(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


LIMITS = {
    "max_neighbors": (1, 1_000_000),
    "max_num_elements": (1, N_ELEMENTS + 1),
    "num_layers": (1, 100),
    "lmax": (1, 12),
    "mmax": (0, 12),
    "sphere_channels": (1, 10_000),
    "hidden_channels": (1, 10_000),
    "edge_channels": (1, 10_000),
    "num_sphere_samples": (1, 2_000),
}
"""Least and largest value: what models have, and more."""

MOST_GAUSSIANS = 100_000
MOST_POINTS = 200
"""Of a grid, in either angle."""

NUMBERS = ("cutoff", "distance_resolution", "basis_width_scalar")
SWITCHES = ("compile", "export", "rescale_grid")


def parse_config(options: Mapping[str, Any]) -> ESCNConfig:
    """Checked options.

    Raises:
        CheckpointError: an unknown name, or a value that is not possible.
    """
    known = {field.name for field in fields(ESCNConfig)}
    unknown = [name for name in options if name not in known]
    if unknown:
        raise CheckpointError(
            f"option {unknown[0]!r} is unknown; eSCN takes {', '.join(sorted(known))}"
        )
    config = ESCNConfig(**options)
    for name, (least, most) in LIMITS.items():
        _require_whole(name, getattr(config, name), least, most)
    for name in NUMBERS:
        _require_positive(name, getattr(config, name))
    for name in SWITCHES:
        if type(getattr(config, name)) is not bool:
            raise CheckpointError(f"option {name!r} is {getattr(config, name)!r:.60}, no switch")
    if config.resolution is not None:
        _require_whole("resolution", config.resolution, 1, MOST_POINTS)
        if config.resolution % 2:
            raise CheckpointError(
                f"option 'resolution' is {config.resolution}, only even numbers are supported"
            )
    if config.mmax > config.lmax:
        raise CheckpointError(f"mmax {config.mmax} is beyond lmax {config.lmax}; lower it")
    if config.distance_function != "gaussian":
        raise CheckpointError(
            f"distance_function {config.distance_function!r} is not supported, only 'gaussian'"
        )
    if not 2 <= config.cutoff / config.distance_resolution <= MOST_GAUSSIANS:
        raise CheckpointError(
            f"cutoff {config.cutoff} and distance_resolution {config.distance_resolution} leave "
            f"fewer than two, or more than {MOST_GAUSSIANS}, functions of the distance"
        )
    return config


def _require_whole(name: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise CheckpointError(
            f"option {name!r} is {value!r:.60}, expected a whole number from {least} to {most}"
        )


def _require_positive(name: str, value: Any) -> None:
    if type(value) not in (int, float) or not 0 < value < math.inf:
        raise CheckpointError(f"option {name!r} is {value!r:.60}, expected a positive number")
