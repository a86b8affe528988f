"""Build water boxes and distort them; lengths in angstrom, densities in g/cm3."""

import numpy as np
from ase import Atoms
from ase.build import molecule

# Volume of one water molecule (18.015 u) at 1 g/cm3.
VOLUME_PER_WATER = 29.915


def random_water(rng: np.random.Generator) -> Atoms:
    """One water molecule, randomly turned, with its centre of mass at the origin."""
    water = molecule("H2O")
    water.rotate(rng.uniform(0.0, 360.0), rng.normal(size=3))
    water.positions -= water.get_center_of_mass()
    return water


def liquid_box(n_waters: int, density: float, rng: np.random.Generator) -> Atoms:
    """Cubic periodic box of molecules at jittered, well separated points, in O H H order."""
    length = (n_waters * VOLUME_PER_WATER / density) ** (1.0 / 3.0)
    box = Atoms(cell=[length] * 3, pbc=True)
    for centre in spread_points(n_waters, length, rng):
        water = random_water(rng)
        water.positions += centre
        box += water
    return box


def spread_points(count: int, length: float, rng: np.random.Generator) -> np.ndarray:
    """`count` points in a periodic cube, pushed apart by a soft repulsion. [count, 3]"""
    points = rng.uniform(0.0, length, size=(count, 3))
    for _ in range(200):
        apart = points[:, None] - points[None]
        apart -= length * np.round(apart / length)
        square = (apart**2).sum(-1) + np.eye(count)
        push = apart / square[..., None] ** 2
        points += np.clip(push.sum(1) * length, -0.1, 0.1)
    return points % length


def strained(box: Atoms, size: float, rng: np.random.Generator) -> Atoms:
    """The box under a random symmetric strain of entries up to `size`."""
    strain = rng.uniform(-size, size, size=(3, 3))
    box = box.copy()
    box.set_cell(box.cell @ (np.eye(3) + 0.5 * (strain + strain.T)), scale_atoms=True)
    return box


def stretch_bonds(box: Atoms, rng: np.random.Generator, low=0.85, high=1.35) -> Atoms:
    """A third of the O-H bonds scaled by a factor in [low, high]."""
    box = box.copy()
    for oxygen in range(0, len(box), 3):
        for hydrogen in (oxygen + 1, oxygen + 2):
            if rng.random() < 1.0 / 3.0:
                bond = box.get_distance(oxygen, hydrogen, mic=True, vector=True)
                box.positions[hydrogen] = box.positions[oxygen] + rng.uniform(low, high) * bond
    return box


def bend_molecules(box: Atoms, rng: np.random.Generator, low=45.0, high=170.0) -> Atoms:
    """A quarter of the molecules, at least one, with an H-O-H angle drawn from [low, high] deg."""
    box = box.copy()
    bent = rng.random(len(box) // 3) < 0.25
    bent[rng.integers(len(bent))] = True
    for oxygen in 3 * np.flatnonzero(bent):
        hydrogens = [oxygen + 1, oxygen + 2]
        kept, turned = box.get_distances(oxygen, hydrogens, mic=True, vector=True)
        axis = kept / np.linalg.norm(kept)
        aside = turned - axis * (turned @ axis)
        aside /= np.linalg.norm(aside)
        angle = np.radians(rng.uniform(low, high))
        direction = np.cos(angle) * axis + np.sin(angle) * aside
        box.positions[oxygen + 2] = box.positions[oxygen] + np.linalg.norm(turned) * direction
    return box


def push_contact(box: Atoms, rng: np.random.Generator) -> Atoms:
    """One molecule moved towards a near atom of another one until they nearly collide.

    The distance reached is 1.9-2.5 A for O-O, 1.1-1.6 A for O...H and 1.0-1.6 A for H-H.
    """
    reach = {16: (1.9, 2.5), 9: (1.1, 1.6), 2: (1.0, 1.6)}  # by sum of atomic numbers
    box = box.copy()
    mine = int(rng.integers(len(box)))
    first = 3 * (mine // 3)
    others = [i for i in range(len(box)) if i // 3 != mine // 3]
    vectors = box.get_distances(mine, others, mic=True, vector=True)
    distances = np.linalg.norm(vectors, axis=1)
    pick = rng.choice(np.argsort(distances)[:3])
    charges = box.numbers[mine] + box.numbers[others[pick]]
    target = rng.uniform(*reach[int(charges)])
    shift = vectors[pick] * max(0.0, 1.0 - target / distances[pick])
    box.positions[first : first + 3] += shift
    return box


def cluster(n_waters: int, spacing: float, length: float, rng: np.random.Generator) -> Atoms:
    """A few molecules, neighbours `spacing` apart, in a large periodic cube of side `length`."""
    box = Atoms(cell=[length] * 3, pbc=True)
    centres = [np.full(3, 0.5 * length)]
    while len(centres) < n_waters:
        direction = rng.normal(size=3)
        trial = centres[rng.integers(len(centres))] + spacing * direction / np.linalg.norm(
            direction
        )
        if min(np.linalg.norm(trial - c) for c in centres) > 0.95 * spacing:
            centres.append(trial)
    for centre in centres:
        water = random_water(rng)
        water.positions += centre
        box += water
    return box
