"""Models of users: what they leave out is filled in here, and nowhere else."""

from __future__ import annotations

import copy
import json
from types import MappingProxyType
from typing import Any, cast

import torch
from sezm_models.elements import ATOMIC_NUMBERS, N_ELEMENTS
from sezm_models.graph_sizes import SAME_AS_INPUT
from torch import Tensor, nn

from sezm_infer.contract import CONDITIONING_AXES
from sezm_infer.errors import SezmError

from .flat_function import EnergyModel

REQUIRED = {
    "elements": 'chemical symbols that the model knows, e.g. ("H", "O")',
    "cutoff": "Angstrom, beyond which an edge contributes nothing",
    "message_passing_steps": "how often information moves by one cutoff: the number of layers",
}
"""Attributes that every model must have."""

BEYOND_CUTOFF = 1e-5
"""Largest effect of edges beyond the cutoff, relative: sums with more terms round otherwise."""

DEFAULTS: dict[str, Any] = {
    "family": "own",
    "configuration": MappingProxyType({}),
    "conditioning": MappingProxyType({}),
    "conditioning_defaults": MappingProxyType({}),
    "conditioning_values": MappingProxyType({}),
    "forces_kind": "conservative",
    "max_neighbors": None,
    "whole_system": False,
    "graph_sizes": SAME_AS_INPUT,
}
"""What attributes of :class:`~sezm_export.flat_function.EnergyModel` are where a model has none."""


def completed(model: nn.Module | EnergyModel) -> EnergyModel:
    """A model with all attributes of the protocol: itself if it has them, or around a copy of it.

    Args:
        model: a module with at least the attributes in :data:`REQUIRED`.

    Raises:
        SezmError: an attribute is missing or makes no sense.
    """
    if all(hasattr(model, name) for name in (*REQUIRED, *DEFAULTS, "dtype")):
        return cast(EnergyModel, model)
    _check(model)
    own = OwnModel(model)
    _check_cutoff(own)
    return cast(EnergyModel, own)


class OwnModel(nn.Module):
    """A copy of a user's model, frozen, which knows its elements and no others.

    Attributes are the model's own, else those of :data:`DEFAULTS`; ``dtype`` is that of its
    parameters.

    Args:
        model: with the attributes in :data:`REQUIRED`.
    """

    energy_of_unknown: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        (self.dtype,) = {p.dtype for p in model.parameters() if p.is_floating_point()}
        unknown = torch.full((N_ELEMENTS + 1,), float("nan"), dtype=torch.float64)
        unknown[[0, *(ATOMIC_NUMBERS[symbol] for symbol in model.elements)]] = 0.0
        self.register_buffer("energy_of_unknown", unknown)

    def __getattr__(self, name: str) -> Any:
        """What is not the wrapper's is the model's, or has a default."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "model":  # not there yet while a copy is made
                raise
        if name in DEFAULTS and not hasattr(self.model, name):
            value = DEFAULTS[name]
            return dict(value) if isinstance(value, MappingProxyType) else value
        return getattr(self.model, name)

    def forward(self, atomic_numbers: Tensor, **inputs: Tensor) -> Tensor:
        """Energy of each atom, [N] float64; NaN of unknown elements."""
        energy = self.model(atomic_numbers=atomic_numbers, **inputs)
        if energy.shape != atomic_numbers.shape:
            raise SezmError(
                f"the model's energies have shape {list(energy.shape)}; they must be one for each "
                f"atom, {list(atomic_numbers.shape)}."
            )
        return energy.double() + self.energy_of_unknown.index_select(0, atomic_numbers)


def _check(model: Any) -> None:
    """Before anything is computed."""
    kind = type(model).__name__
    is_module = isinstance(model, nn.Module)
    if not is_module:
        raise SezmError(f"a {kind} is no torch.nn.Module; export_model takes one with energies.")
    for name, meaning in REQUIRED.items():
        if not hasattr(model, name):
            raise SezmError(f"{kind} has no attribute {name!r}; give it one: {meaning}.")
    unknown = [symbol for symbol in model.elements if symbol not in ATOMIC_NUMBERS]
    if unknown or not model.elements:
        raise SezmError(f"{kind}.elements is {model.elements!r}; expected {REQUIRED['elements']}.")
    if not 0 < model.cutoff < float("inf"):
        raise SezmError(f"{kind}.cutoff is {model.cutoff!r}; expected {REQUIRED['cutoff']}.")
    if getattr(model, "forces_kind", "conservative") != "conservative":
        raise SezmError(
            f"{kind}.forces_kind is {model.forces_kind!r}; forces of own models are the derivative "
            "of their energies: leave it out."
        )
    try:
        json.dumps(getattr(model, "configuration", {}))
    except TypeError as error:
        raise SezmError(f"{kind}.configuration is not what JSON can hold ({error}).") from None
    dtypes = {p.dtype for p in model.parameters() if p.is_floating_point()}
    if dtypes not in ({torch.float32}, {torch.float64}):
        found = ", ".join(sorted(str(dtype) for dtype in dtypes)) or "none"
        raise SezmError(
            f"parameters of {kind} are of dtype {found}; all must be float32, or all float64."
        )


def _check_cutoff(model: OwnModel) -> None:
    """Edges that clients leave out, or pad with, must not matter."""
    numbers = torch.full((4,), ATOMIC_NUMBERS[model.elements[0]])
    index = torch.tensor([[0, 1, 2, 1, 3, 0], [1, 0, 1, 2, 0, 3]])
    lengths = model.cutoff * torch.tensor([0.3, 0.3, 0.5, 0.5, 1.0, 1.0], dtype=model.dtype)
    vec = lengths.unsqueeze(1) * torch.tensor([[0.6, 0.0, 0.8]], dtype=model.dtype)
    vec = vec * torch.tensor([[1.0], [-1.0]], dtype=model.dtype).repeat(3, 1)
    energies = []
    for edges, stretch in ((4, 1.0), (6, 1.0), (6, 2.0)):
        stretched = torch.cat([vec[:4], vec[4:edges] * stretch])
        energies.append(_energy(model, numbers, index[:, :edges], stretched))
    scale = float(energies[0].abs().max().clamp(min=1e-3))
    for energy in energies[1:]:
        change = float((energy - energies[0]).abs().max())
        if not change <= BEYOND_CUTOFF * scale:
            raise SezmError(
                f"edges at or beyond the cutoff of {model.cutoff:g} Angstrom change the energy by "
                f"{change:.1e} eV; multiply what edges contribute by a function that is zero there."
            )


def _energy(model: OwnModel, numbers: Tensor, edge_index: Tensor, edge_vec: Tensor) -> Tensor:
    """Of one system, with zeros for whatever else the model takes."""
    rows = {"B": 1, "N": len(numbers)}
    extra = {
        name: torch.zeros(rows[CONDITIONING_AXES[name]], width, dtype=model.dtype)
        for name, width in model.conditioning.items()
    }
    with torch.no_grad():
        energy: Tensor = model(
            numbers,
            batch=torch.zeros_like(numbers),
            natoms=torch.tensor([len(numbers)]),
            edge_index=edge_index,
            edge_vec=edge_vec,
            **extra,
        )
    return energy
