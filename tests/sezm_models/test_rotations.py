"""Harmonics, Wigner rows and grid products against independent definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import lebedev_rule
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y
from sezm_models.sezm.degrees import packed_rows
from sezm_models.sezm.grid import GridProduct
from sezm_models.sezm.grid_values import Field, multiply
from sezm_models.sezm.harmonics import gradient_constants
from sezm_models.sezm.wigner import WignerRows, _basis

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
    np.testing.assert_allclose(rows[:, 0], parity * a_harmonics(points, LMAX), atol=1e-13, rtol=0)


def test_rows_are_orthonormal_within_each_degree() -> None:
    rows = WignerRows(LMAX, dtype=torch.float64)(torch.tensor(directions(20))).numpy()
    for degree in range(1, LMAX + 1):
        block = rows[:, :, degree**2 : (degree + 1) ** 2]
        gram = block @ block.transpose(0, 2, 1)
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(3), gram.shape), atol=1e-13, rtol=0)


def test_gradient_constants_obey_eulers_theorem() -> None:
    points = directions(10)
    lower, upper = a_harmonics(points, 2)[:, 4:], a_harmonics(points, 3)[:, 9:]
    outer = (points[:, :, None] * lower[:, None, :]).reshape(10, -1)
    np.testing.assert_allclose(outer @ gradient_constants(3), 3 * upper, atol=1e-13, rtol=0)


def wigner_matrix(rotation: np.ndarray, lmax: int) -> np.ndarray:
    """D [(lmax+1)^2, (lmax+1)^2] with A(R n) = D A(n), by projection on many points."""
    points = directions(400)
    before, after = a_harmonics(points, lmax), a_harmonics(points @ rotation.T, lmax)
    return np.linalg.lstsq(before, after, rcond=None)[0].T


@pytest.mark.parametrize("mmax", [0, 2, 6])
def test_rows_of_all_orders_are_those_of_a_rotation_to_the_edge(mmax: int) -> None:
    lmax = 6
    vectors = np.concatenate([directions(5), [[0, 0, 1], [0, 0, -1], [1e-8, 0, -1]]])
    rows = WignerRows(lmax, mmax, dtype=torch.float64)(torch.tensor(vectors)).numpy()
    for vector, found in zip(vectors, rows, strict=True):
        e2, e1 = _basis(torch.tensor(vector)[None]).numpy()[0]
        expected = wigner_matrix(np.stack([e1, e2, vector]), lmax)
        for degree in range(lmax + 1):
            block = slice(degree**2, (degree + 1) ** 2)
            for m in range(-mmax, mmax + 1):
                row = found[2 * abs(m) - (m < 0), block]
                wanted = expected[block, block][degree + m] if abs(m) <= degree else 0.0
                np.testing.assert_allclose(row, wanted + np.zeros_like(row), atol=1e-7, rtol=0)


def test_derivative_of_the_rows_is_that_of_a_frame_without_roll() -> None:
    """Against differences between frames of which one is the other, turned with the edge."""
    lmax, step = 3, 1e-5
    rows = WignerRows(lmax, lmax, dtype=torch.float64)
    for vector in np.concatenate([directions(3), [[0, 0, -1.0]]]):
        normal = np.cross(vector, directions(9)[8])
        normal /= np.linalg.norm(normal)
        change = torch.tensor(np.cross(normal, vector))[None]
        _, found = torch.func.jvp(rows, (torch.tensor(vector)[None],), (change,))
        e2, e1 = _basis(torch.tensor(vector)[None]).numpy()[0]
        frame = np.stack([e1, e2, vector])
        turned = [
            wigner_matrix(frame @ Rotation.from_rotvec(sign * step * normal).as_matrix().T, lmax)
            for sign in (1, -1)
        ]
        expected = (turned[0] - turned[1]) / (2 * step)
        for degree in range(lmax + 1):
            block = slice(degree**2, (degree + 1) ** 2)
            order = [2 * abs(m) - (m < 0) for m in range(-degree, degree + 1)]
            np.testing.assert_allclose(
                found[0].numpy()[order, block], expected[block, block], atol=1e-5
            )


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    matrix, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return matrix * np.linalg.det(matrix)


def random_field(rng: np.random.Generator, lmax: int, kmax: int | None = 1) -> Field:
    def coefficients(lowest: int) -> torch.Tensor:
        rows = (lmax + 1) ** 2 - lowest**2
        return torch.tensor(rng.normal(size=(1, (2 if lowest else 1) * rows, 1)))

    pairs = [coefficients(k) for k in range(1, (kmax or 0) + 1)]
    return Field(coefficients(0), tuple(pairs))


def value_at(field: Field, d: np.ndarray, lmax: int) -> float:
    """sum_lmk c[lm, k] D^l_km(R)."""
    total = 0.0
    for degree in range(lmax + 1):
        block = slice(degree**2, (degree + 1) ** 2)
        wigner = d[block, block]
        total += field.zero[0, block, 0].numpy() @ wigner[degree]
        for k, pair in enumerate(field.pairs[:degree], 1):
            both = pair[0, :, 0].numpy().reshape(-1, 2)[degree**2 - k**2 :][: 2 * degree + 1]
            total += both[:, 0] @ wigner[degree - k] + both[:, 1] @ wigner[degree + k]
    return total


@pytest.mark.parametrize("kmax", [1, 2, 3])
def test_so3_product_is_the_projection_of_the_pointwise_product(kmax: int) -> None:
    """Projected by a rule over all rotations that is exact for the degrees in question."""
    rng, lmax = np.random.default_rng(5), 3
    left, right = random_field(rng, lmax, kmax), random_field(rng, lmax, kmax)
    grid = GridProduct(packed_rows(lmax), kmax=kmax, dtype=torch.float64)
    product = grid.from_grid(multiply(grid.to_grid(left), grid.to_grid(right)))
    other = random_field(rng, lmax, kmax)
    total = scalar = 0.0
    points, weights = lebedev_rule(13)
    rolls = 2 * np.pi * np.arange(10) / 10
    for point, weight in zip(points.T, weights / weights.sum(), strict=True):
        e2, e1 = _basis(torch.tensor(point)[None]).numpy()[0]
        for roll in rolls:
            turn = Rotation.from_rotvec([0, 0, roll]).as_matrix()
            d = wigner_matrix(turn @ np.stack([e1, e2, point]), lmax)
            f, g, h, fg = (value_at(x, d, lmax) for x in (left, right, other, product))
            total += weight * f * g * h
            scalar += weight * fg * h
    assert scalar == pytest.approx(total, rel=1e-8)


@pytest.mark.parametrize("lmax", [1, 2, 3, 4])
def test_points_of_grids_come_in_opposite_pairs(lmax: int) -> None:
    """As kernels expect it of frame 0: degrees are even or odd."""
    grid = GridProduct(packed_rows(lmax), kmax=1, dtype=torch.float64)
    here, there = grid.zero_to_grid[0::2], grid.zero_to_grid[1::2]
    parity = torch.tensor([(-1.0) ** degree for degree, _ in packed_rows(lmax)])
    torch.testing.assert_close(there, here * parity, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kmax", [None, 0, 1, 2])
@pytest.mark.parametrize("lmax", [1, 2, 3, 4])
def test_scalar_product_is_the_first_row_of_the_product(kmax: int | None, lmax: int) -> None:
    rng = np.random.default_rng(6)
    kmax = kmax and min(kmax, lmax)
    left, right = random_field(rng, lmax, kmax), random_field(rng, lmax, kmax)
    grid = GridProduct(packed_rows(lmax), kmax=kmax, dtype=torch.float64)
    product = grid.from_grid(multiply(grid.to_grid(left), grid.to_grid(right)))
    torch.testing.assert_close(product.zero[:, 0], grid.scalar(left, right), rtol=1e-12, atol=1e-12)
