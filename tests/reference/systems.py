"""The atomic systems on which the reference models are evaluated: small, seeded, deterministic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers

#: One water molecule (O, H, H), Angstrom.
WATER = np.array([[0.0, 0.0, 0.0], [0.9572, 0.0, 0.0], [-0.2400, 0.9266, 0.0]])

#: Distance between neighbouring molecules in the water boxes, Angstrom (1 g/cm^3).
WATER_SPACING = 3.1


@dataclass(frozen=True)
class System:
    """Atoms for one evaluation; ``cell`` is all zeros if no direction is periodic."""

    pos: np.ndarray  # (n, 3) Angstrom
    cell: np.ndarray  # (3, 3) Angstrom, rows are the cell vectors
    pbc: np.ndarray  # (3,) bool
    types: np.ndarray  # (n,) indices into the model's type map
    atomic_numbers: np.ndarray  # (n,)


def make_system(name: str, type_map: tuple[str, ...], rcut: float) -> System:
    """The system ``name`` for a model with these elements and this cutoff (Angstrom).

    Models of more than two elements see the same geometry with elements drawn from all of them.
    """
    digest = hashlib.sha256(name.encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    pos, symbols, cell, pbc = GEOMETRIES[name](rng, rcut)
    types = np.array([type_map.index(s) for s in symbols])
    if len(type_map) > 2:
        types = rng.integers(0, len(type_map), size=len(types))
    return System(
        pos=pos,
        cell=np.zeros((3, 3)) if cell is None else cell,
        pbc=np.array(pbc),
        types=types,
        atomic_numbers=np.array([atomic_numbers[type_map[t]] for t in types]),
    )


def spins_of(name: str, n_atoms: int) -> np.ndarray:
    """Spin of each atom of the system ``name``, (n, 3): about 1.7 long, zero on every fifth."""
    digest = hashlib.sha256(f"{name}/spins".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    spins = rng.normal(0.0, 1.0, (n_atoms, 3))
    spins[4::5] = 0.0
    return spins


Geometry = tuple[np.ndarray, str, np.ndarray | None, tuple[bool, bool, bool]]
FREE = (False, False, False)
PERIODIC = (True, True, True)


def _rotation(rng: np.random.Generator) -> np.ndarray:
    """A random proper rotation matrix (3, 3)."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def _water_box(rng: np.random.Generator, counts: tuple[int, int, int]) -> Geometry:
    """A jittered lattice of randomly turned molecules; the first one lies outside the box."""
    cell = np.diag(np.array(counts) * WATER_SPACING)
    molecules = [
        WATER @ _rotation(rng).T + (np.array(site) + 0.5) * WATER_SPACING + rng.normal(0.0, 0.1, 3)
        for site in np.ndindex(counts)
    ]
    molecules[0] = molecules[0] + cell[0] - 2 * cell[2]
    return np.concatenate(molecules), "OHH" * len(molecules), cell, PERIODIC


def _skewed5(rng: np.random.Generator, rcut: float) -> Geometry:
    """Five atoms in a skewed cell in general orientation, every height shorter than the cutoff."""
    cell = np.array([[4.3, 0.0, 0.0], [1.9, 3.9, 0.0], [-1.6, 1.7, 3.7]]) @ _rotation(rng).T
    assert (1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0) < rcut).all()
    fractional = np.array(
        [
            [0.05, 0.10, 0.20],
            [0.55, 0.45, 0.10],
            [0.30, 0.80, 0.70],
            [0.85, 0.30, 0.60],
            [0.15, 0.50, 0.90],
        ]
    ) + rng.normal(0.0, 0.01, (5, 3))
    return fractional @ cell, "OHOHH", cell, PERIODIC


def _molecule9(rng: np.random.Generator, rcut: float) -> Geometry:
    """The shape of ethanol, far from the origin, without a cell."""
    pos = np.array(
        [
            [-1.168, -0.409, 0.003],
            [0.067, 0.470, -0.006],
            [1.216, -0.366, 0.012],
            [-1.187, -1.066, -0.872],
            [-1.188, -1.036, 0.900],
            [-2.072, 0.210, -0.010],
            [0.071, 1.107, -0.899],
            [0.080, 1.131, 0.872],
            [2.003, 0.196, -0.004],
        ]
    )
    return pos @ _rotation(rng).T + 20.0, "OOO" + "H" * 6, None, FREE


def _atom(rng: np.random.Generator, rcut: float) -> Geometry:
    """One atom without neighbours."""
    return np.ones((1, 3)), "O", None, FREE


def _dimer(rng: np.random.Generator, rcut: float) -> Geometry:
    """Two atoms along z, the pole of the local frames."""
    return np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.1]]), "OH", None, FREE


def _separated(rng: np.random.Generator, distance: float) -> Geometry:
    """Two atoms ``distance`` Angstrom apart in a general direction."""
    direction = rng.standard_normal(3)
    direction /= np.linalg.norm(direction)
    return np.stack([np.zeros(3), distance * direction]), "OH", None, FREE


def _slab6(rng: np.random.Generator, rcut: float) -> Geometry:
    """Two molecules, periodic along two skewed directions only.

    DeePMD-kit knows no partial periodicity: the third cell vector leaves a vacuum of more than
    three cutoffs, so that its images do not interact.
    """
    cell = np.array([[4.6, 0.0, 0.0], [1.3, 4.4, 0.0], [0.0, 0.0, 3.0 * rcut + 5.0]])
    molecules = [
        WATER @ _rotation(rng).T + np.array(centre)
        for centre in ([0.4, 0.6, -1.0], [2.8, 2.5, 1.6])
    ]
    return np.concatenate(molecules), "OHHOHH", cell, (True, True, False)


def _close3(rng: np.random.Generator, rcut: float) -> Geometry:
    """Three atoms at 0.4, 0.65 and 0.9 Angstrom: inside, within and outside the ZBL window."""
    a, b, c = 0.4, 0.65, 0.9  # |01|, |02|, |12|
    x = (a * a + b * b - c * c) / (2 * a)
    pos = np.array([[0.0, 0.0, 0.0], [a, 0.0, 0.0], [x, np.sqrt(b * b - x * x), 0.0]])
    return pos @ _rotation(rng).T, "OHH", None, FREE


def _window4(rng: np.random.Generator, rcut: float) -> Geometry:
    """Four atoms with contacts within the ZBL window only: every gate lies between 0 and 1."""
    pos = np.array([[0.0, 0.0, 0.0], [0.62, 0.0, 0.0], [-0.3, 0.65, 0.0], [0.5, 1.4, 0.9]])
    return pos @ _rotation(rng).T, "OHOH", None, FREE


GEOMETRIES: dict[str, Callable[[np.random.Generator, float], Geometry]] = {
    "water24": lambda rng, rcut: _water_box(rng, (2, 2, 2)),
    "water192": lambda rng, rcut: _water_box(rng, (4, 4, 4)),
    "skewed5": _skewed5,
    "molecule9": _molecule9,
    "atom": _atom,
    "dimer": _dimer,
    "dimer_mid": lambda rng, rcut: _separated(rng, rcut - 1.0),
    "dimer_far": lambda rng, rcut: _separated(rng, rcut - 0.02),
    "slab6": _slab6,
    "close3": _close3,
    "window4": _window4,
}
