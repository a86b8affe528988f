"""Harmonics, Wigner rows and grid products against independent definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import sph_harm_y
from sezm_models.sezm.grid import Field, GridProduct
from sezm_models.sezm.harmonics import gradient_constants
from sezm_models.sezm.wigner import WignerRows

LMAX = 4


def a_harmonics(points: np.ndarray, lmax: int) -> np.ndarray:
    """A_lm [G, (lmax+1)^2] from scipy's complex harmonics (with Condon-Shortley phase)."""
    x, y, z = points[:, 0], -points[:, 1], -points[:, 2]
    theta, phi = np.arccos(np.clip(z, -1, 1)), np.arctan2(y, x)
    columns = []
    for degree in range(lmax + 1):
        norm = np.sqrt(4 * np.pi / (2 * degree + 1))
        for m in range(-degree, degree + 1):
            complex_value = sph_harm_y(degree, abs(m), theta, phi) * (-1) ** abs(m) * norm
            if m == 0:
                columns.append(complex_value.real)
            else:
                part = complex_value.imag if m < 0 else complex_value.real
                columns.append(np.sqrt(2) * part)
    return np.stack(columns, 1)


def directions(count: int) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_zonal_rows_are_the_harmonics() -> None:
    points = directions(20)
    rows = WignerRows(LMAX, dtype=torch.float64)(torch.tensor(points)).numpy()
    parity = np.array([(-1.0) ** d for d in range(LMAX + 1) for _ in range(2 * d + 1)])
    np.testing.assert_allclose(rows[:, 0], parity * a_harmonics(points, LMAX), atol=1e-13)


def test_rows_are_orthonormal_within_each_degree() -> None:
    rows = WignerRows(LMAX, dtype=torch.float64)(torch.tensor(directions(20))).numpy()
    for degree in range(1, LMAX + 1):
        block = rows[:, :, degree**2 : (degree + 1) ** 2]
        gram = block @ block.transpose(0, 2, 1)
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(3), gram.shape), atol=1e-13)


def test_gradient_constants_obey_eulers_theorem() -> None:
    points = directions(10)
    lower, upper = a_harmonics(points, 2)[:, 4:], a_harmonics(points, 3)[:, 9:]
    outer = (points[:, :, None] * lower[:, None, :]).reshape(10, -1)
    np.testing.assert_allclose(outer @ gradient_constants(3), 3 * upper, atol=1e-13)


def wigner_matrix(rotation: np.ndarray, lmax: int) -> np.ndarray:
    """D [(lmax+1)^2, (lmax+1)^2] with A(R n) = D A(n), by projection on many points."""
    points = directions(400)
    before, after = a_harmonics(points, lmax), a_harmonics(points @ rotation.T, lmax)
    return np.linalg.lstsq(before, after, rcond=None)[0].T


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    matrix, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return matrix * np.linalg.det(matrix)


def random_field(rng: np.random.Generator, lmax: int) -> Field:
    rows = (lmax + 1) ** 2
    return Field(
        torch.tensor(rng.normal(size=(1, rows, 1))),
        torch.tensor(rng.normal(size=(1, 2 * (rows - 1), 1))),
    )


def coefficients(field: Field, lmax: int) -> np.ndarray:
    """[(lmax+1)^2, 3] with frames 0, -1, +1; zero where |k| > l."""
    rows = (lmax + 1) ** 2
    pair = field.pair.numpy().reshape(rows - 1, 2)
    return np.concatenate([field.zero.numpy().reshape(rows, 1), np.vstack([[0, 0], pair])], 1)


def value_at(c: np.ndarray, d: np.ndarray, lmax: int) -> float:
    """sum_lmk c[lm, k] D^l_km(R)."""
    total = 0.0
    for degree in range(lmax + 1):
        block = slice(degree**2, (degree + 1) ** 2)
        for column, k in enumerate((0, -1, 1)):
            if abs(k) <= degree:
                total += c[block, column] @ d[block, block][degree + k]
    return total


def test_so3_product_is_the_projection_of_the_pointwise_product() -> None:
    """f g - product has no component on the kept functions, tested by a Monte-Carlo-free identity:

    the product of two fields of degree <= 1 has degree <= 2, and a grid of lmax 2 keeps all of it
    but the frames |k| = 2; with one field of frame 0 alone none is lost, and values must agree.
    """
    rng, lmax = np.random.default_rng(5), 2
    left, right = random_field(rng, lmax), random_field(rng, lmax)
    left.zero[:, 4:] = 0
    left.pair[:] = 0
    right.zero[:, 4:] = 0
    right.pair[:, 6:] = 0
    grid = GridProduct(lmax, frames=3, dtype=torch.float64)
    product = grid.from_grid(grid.multiply(grid.to_grid(left), grid.to_grid(right)))
    for _ in range(5):
        d = wigner_matrix(random_rotation(rng), lmax)
        f, g, fg = (value_at(coefficients(x, lmax), d, lmax) for x in (left, right, product))
        assert fg == pytest.approx(f * g, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("lmax", [1, 2, 3, 4])
def test_scalar_product_is_the_first_row_of_the_product(frames: int, lmax: int) -> None:
    rng = np.random.default_rng(6)
    left, right = random_field(rng, lmax), random_field(rng, lmax)
    if frames == 1:
        left, right = Field(left.zero, None), Field(right.zero, None)
    grid = GridProduct(lmax, frames=frames, dtype=torch.float64)
    product = grid.from_grid(grid.multiply(grid.to_grid(left), grid.to_grid(right)))
    torch.testing.assert_close(product.zero[:, 0], grid.scalar(left, right), rtol=1e-12, atol=1e-12)
