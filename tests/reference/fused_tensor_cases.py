"""FusedTensor layers of which e3x's outputs are recorded; inputs and kernels are drawn here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEATURES = 2
DEGREES = (
    (0, 0, 0),
    (1, 1, None),
    (1, 1, 2),
    (2, 1, 3),
    (3, 2, 1),
    (3, 3, 3),
    (0, 3, 3),
    (2, 2, 0),
    (4, 4, 4),
)
PARITIES = ((1, 1), (1, 2), (2, 1), (2, 2))


@dataclass(frozen=True)
class Case:
    """A layer's options, and P of its inputs."""

    degree1: int
    degree2: int
    degree: int | None
    parities: tuple[int, int]
    include_pseudotensors: bool = True
    cartesian_order: bool = True

    @property
    def name(self) -> str:
        """Key of the recorded output."""
        degree = "N" if self.degree is None else self.degree
        return (
            f"L{self.degree1}{self.degree2}{degree}_P{self.parities[0]}{self.parities[1]}"
            f"_pseudo{self.include_pseudotensors:d}_cartesian{self.cartesian_order:d}"
        )

    @property
    def kernel_shapes(self) -> dict[str, tuple[int, int]]:
        """Of the eight parameters."""
        output = max(self.degree1, self.degree2) if self.degree is None else self.degree
        by_suffix = dict.fromkeys(("e1", "o1"), self.degree1)
        by_suffix |= dict.fromkeys(("e2", "o2"), self.degree2)
        by_suffix |= dict.fromkeys(("eee", "ooe", "eoo", "oeo"), output)
        return {f"kernel_{key}": (degree + 1, FEATURES) for key, degree in by_suffix.items()}

    def draw(self) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """inputs1 [3, P, n, F], inputs2 [1, P, n, F] (broadcast), kernels."""
        rng = np.random.default_rng([self.degree1, self.degree2, *self.parities])
        first = rng.standard_normal((3, self.parities[0], (self.degree1 + 1) ** 2, FEATURES))
        second = rng.standard_normal((1, self.parities[1], (self.degree2 + 1) ** 2, FEATURES))
        shapes = self.kernel_shapes.items()
        return first, second, {name: rng.standard_normal(shape) for name, shape in shapes}


CASES = tuple(
    Case(*degrees, parities, pseudotensors)
    for degrees in DEGREES
    for parities in PARITIES
    for pseudotensors in (True, False)
) + tuple(
    Case(*degrees, parities, cartesian_order=False)
    for degrees in ((2, 3, 4), (1, 1, 1), (5, 3, 5))
    for parities in ((1, 1), (2, 2))
)
