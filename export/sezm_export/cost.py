"""What a model costs per atom: multiply-adds and memory, measured on a synthetic system.

Atoms have as many neighbours as a crystal of :data:`DENSITY` has within the cutoff. Two sizes of
system are measured; their difference is what an atom costs, without what a call costs anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from sezm_models.elements import ATOMIC_NUMBERS
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from sezm_infer.contract import conditioning_shape

from .flat_function import MODEL_INPUTS, EnergyModel

DENSITY = 0.1
"""Atoms per cubic Angstrom, as in liquid water."""

ATOMS = (8, 16)
SHORTEST = 0.9
"""Angstrom."""


class Cost(NamedTuple):
    """Per atom, for its energy.

    Attributes:
        edges_per_atom: neighbours of each atom.
        multiply_adds: of matrix products, empty slots of the neighbour rows included.
        memory_bytes: kept from the energy for its derivative, the forces.
    """

    edges_per_atom: int
    multiply_adds: int
    memory_bytes: int


def cost_per_atom(model: EnergyModel, edges_per_atom: int | None = None) -> Cost:
    """Measure a model, in its own precision.

    Args:
        model: its energy is computed twice, of a few atoms.
        edges_per_atom: neighbours of each atom; those at :data:`DENSITY` if None.
    """
    edges = edges_per_atom or round(DENSITY * 4 / 3 * math.pi * model.cutoff**3)
    edges = min(edges, model.max_neighbors or edges)
    small, large = (_measured(model, atoms, edges) for atoms in ATOMS)
    step = ATOMS[1] - ATOMS[0]
    return Cost(edges, *((b - a) // step for a, b in zip(small, large, strict=True)))


def _measured(model: EnergyModel, atoms: int, edges_per_atom: int) -> tuple[int, int]:
    """Multiply-adds, and bytes that autograd keeps."""
    own = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    inputs = _system(model, atoms, edges_per_atom)
    sizes = {"N": atoms, "E": atoms * edges_per_atom, "B": 1}
    extra = {
        name: torch.zeros(_shape(name, width, sizes), dtype=model.dtype)
        for name, width in model.conditioning.items()
    }
    evaluate: Any = model.energy_and_forces if model.forces_kind == "direct" else model
    with (
        FlopCounterMode(display=False) as counter,
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        outputs = evaluate(**inputs, **extra)
    # Alive until now: no storage was freed and counted again as another tensor's.
    del outputs
    return counter.get_total_flops() // 2, sum(kept.values())


def _shape(name: str, width: int, sizes: Mapping[str, int]) -> list[int]:
    """Of an extra input."""
    shape = conditioning_shape(name, width)
    return [sizes[length] if isinstance(length, str) else length for length in shape]


def _system(model: EnergyModel, atoms: int, edges_per_atom: int) -> dict[str, Tensor]:
    """Arguments of a model: neighbours at random in the ball of the cutoff."""
    generator = torch.Generator().manual_seed(0)
    n_edges = atoms * edges_per_atom
    numbers = torch.tensor([ATOMIC_NUMBERS[symbol] for symbol in model.elements])
    target = torch.arange(atoms).repeat_interleave(edges_per_atom)
    source = torch.randint(0, atoms, (n_edges,), generator=generator)
    direction = torch.randn(n_edges, 3, generator=generator)
    volume = torch.rand(n_edges, 1, generator=generator)
    length = SHORTEST + (model.cutoff - SHORTEST) * volume ** (1 / 3)
    vec = direction / direction.norm(dim=1, keepdim=True) * length
    values = (
        numbers[torch.arange(atoms) % len(numbers)],
        torch.zeros(atoms, dtype=torch.int64),
        torch.tensor([atoms]),
        torch.stack([source, target]),
        vec.to(model.dtype).requires_grad_(),
    )
    return dict(zip(MODEL_INPUTS, values, strict=True))
