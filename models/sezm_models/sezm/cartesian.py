"""Products of features as 3 x 3 matrices (sezm.md 3.8).

Features of degree 0 .. L, L = 1 or 2, are coordinates of matrices ``Y = sum_d y[d] P_d`` in an
orthonormal basis P; products are projected back on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..neighbor_rows import gather_sources
from .activation import GatedActivation
from .degrees import n_rows
from .linear import SO3Linear
from .radial_features import RadialDegrees, RadialFeatures

CARTESIAN_DEGREES = (1, 2)


class CartesianProducts(nn.Module):
    """Residual layers of a linear map, a product and a gate; keys as in the checkpoint."""

    def __init__(
        self,
        *,
        lmax: int,
        focus_dim: int,
        n_focus: int,
        n_layers: int,
        activation_function: str,
        mlp_bias: bool,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.n_focus = lmax, n_focus
        width = {"lmax": lmax, "n_focus": n_focus, "mlp_bias": mlp_bias, "dtype": dtype}
        self.linears = nn.ModuleList(
            SO3Linear(in_channels=focus_dim, out_channels=focus_dim, **width)
            for _ in range(n_layers)
        )
        self.activations = nn.ModuleList(
            GatedActivation(channels=focus_dim, activation_function=activation_function, **width)
            for _ in range(n_layers - 1)
        )

    def layers(self, x: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
        """[N, D, Ch] -> [N, D, F, focus_dim]; ``product`` is linear, [N, D, Ch] -> same."""
        x = x.unflatten(2, (self.n_focus, -1))
        for i, linear in enumerate(self.linears):
            update = product(linear(x).flatten(2)).reshape(x.shape)
            if i < len(self.activations):
                update = self.activations[i](update)
            x = x + update
        return x


class EdgeCartesianTensorProduct(CartesianProducts):
    """Messages: source features times a matrix of the edge; keyword names as in DeePMD-kit.

    The matrix is ``rho0 / sqrt3 + rho1 hat(n) / sqrt2 + rho2 (n n^T - 1/3) / sqrt(2/3)`` per
    channel, n the direction of the edge and hat(n) its cross product matrix.
    """

    frame = None

    def __init__(self, *, lmax: int, dtype: torch.dtype, **options: Any) -> None:
        super().__init__(lmax=lmax, dtype=dtype, **options)
        basis = cartesian_basis(lmax)
        antisymmetric = np.stack([hat(axis) for axis in np.eye(3)]) / math.sqrt(2)
        outer = np.eye(9).reshape(9, 3, 3) - np.eye(3) * np.eye(3).reshape(9, 1, 1) / 3
        buffers = {"from_vector": antisymmetric, "from_outer": outer / math.sqrt(2 / 3)}
        for name, matrices in buffers.items():
            constants = np.einsum("pij,dik,akj->apd", basis, basis, matrices).reshape(
                len(matrices), -1
            )
            self.register_buffer(name, torch.tensor(constants, dtype=dtype), persistent=False)
        hidden = options["n_focus"] * options["focus_dim"]
        self.radial_degrees = RadialDegrees(lmax, hidden, dtype=dtype)

    def forward(self, features: Tensor, radial: RadialFeatures) -> tuple[Tensor, Tensor]:
        """Features [N, D, Ch] to messages [S, D, F, focus_dim] and scalars [S, F, focus_dim]."""
        source = gather_sources(features.flatten(1), radial.rows)
        source = source.unflatten(1, features.shape[1:])
        rho = self.radial_degrees(radial).unflatten(1, (-1, source.shape[2]))
        matrices = self._matrices(radial.edges.direction)

        def product(x: Tensor) -> Tensor:
            result = rho[:, :1] * x * (1.0 / math.sqrt(3))
            turned = (matrices @ x).unflatten(1, (self.lmax, -1))
            for degree in range(1, self.lmax + 1):
                result = result + rho[:, degree : degree + 1] * turned[:, degree - 1]
            return result

        scalars = (source[:, 0] * rho[:, 0]).unflatten(1, (self.n_focus, -1))
        if len(self.linears) == 0:
            return product(source).unflatten(2, (self.n_focus, -1)), scalars
        return self.layers(source, product), scalars

    def _matrices(self, direction: Tensor) -> Tensor:
        """Right multiplication with the matrices of degree 1 (and 2): [S, L D, D]."""
        kinds = [direction @ self.from_vector]
        if self.lmax == 2:
            outer = direction.unsqueeze(2) * direction.unsqueeze(1)
            kinds.append(outer.flatten(1) @ self.from_outer)
        return torch.cat(kinds, 1).reshape(-1, self.lmax * n_rows(self.lmax), n_rows(self.lmax))


class NodeCartesianTensorProduct(CartesianProducts):
    """Sums over neighbours times the atom's own features; keyword names as in DeePMD-kit.

    Args:
        symmetric: both orders of the product, added.
    """

    def __init__(self, *, lmax: int, symmetric: bool, dtype: torch.dtype, **options: Any) -> None:
        super().__init__(lmax=lmax, dtype=dtype, **options)
        basis = cartesian_basis(lmax)
        constants = np.einsum("pij,dik,qkj->pdq", basis, basis, basis)
        if symmetric:
            constants = constants + np.einsum("pij,qik,dkj->pdq", basis, basis, basis)
        matrix = torch.tensor(constants.reshape(-1, len(basis)), dtype=dtype)
        self.register_buffer("products", matrix, persistent=False)

    def forward(self, summed: Tensor, features: Tensor) -> Tensor:
        """Both [N, D, F, focus_dim] -> same."""
        d = n_rows(self.lmax)
        matrices = (self.products @ features.flatten(2)).unflatten(1, (d, d))  # [N, D, D, Ch]

        def product(x: Tensor) -> Tensor:
            return (matrices * x.unsqueeze(1)).sum(2)

        return self.layers(summed.flatten(2), product)


def cartesian_basis(lmax: int) -> np.ndarray:
    """P_d of the module's text, [(lmax+1)^2, 3, 3], transforming like the packed rows."""
    x, y, z = np.eye(3)
    trace = np.eye(3) / math.sqrt(3)
    basis = [trace, *(hat(axis) / math.sqrt(2) for axis in (-y, -z, x))]
    if lmax == 2:
        a, c = math.sqrt(0.5), math.sqrt(1 / 6)
        basis += [
            -a * _symmetric(x, y),
            a * _symmetric(y, z),
            c * np.diag([-1.0, -1.0, 2.0]),
            -a * _symmetric(x, z),
            a * np.diag([1.0, -1.0, 0.0]),
        ]
    return np.stack(basis)


def hat(v: np.ndarray) -> np.ndarray:
    """The matrix of the cross product: hat(v) w = v x w."""
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def _symmetric(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.outer(a, b) + np.outer(b, a)
