"""What DeePMD-kit computes for a structure, by the keys of README.md."""

from __future__ import annotations

import numpy as np
import torch
from conditioning_configs import conditioning_of
from configs import Config
from deepmd.infer import DeepPot
from deepmd.infer.deep_property import DeepProperty
from deepmd_model import inner_model
from systems import System, spins_of

#: Values (eV, eV/Angstrom) below this are not looked at relative to themselves.
SMALLEST_SCALE = 1.0e-3

Inputs = dict[str, np.ndarray]

#: What DeePMD-kit calls the inputs beside the structure.
ARGUMENTS = {name: name for name in ("charge_spin", "fparam", "aparam")} | {"spins": "spin"}

#: Those with a row per system; the others have one per atom.
PER_SYSTEM = ("charge_spin", "fparam")


def box_of(system: System) -> np.ndarray | None:
    """DeePMD-kit's cell argument (1, 9): full periodicity (slabs hold their own vacuum) or None."""
    return system.cell.reshape(1, 9) if system.pbc.any() else None


def inputs_of(config: Config, branch: str, name: str, system: System) -> Inputs:
    """What the model sees beside the structure ``name``, by the names of its arguments here."""
    options = [config.model, config.branches.get(branch, {})]
    fitting = {k: v for section in options for k, v in section.get("fitting_net", {}).items()}
    n_atoms = len(system.types)
    inputs = conditioning_of(name, n_atoms, config.descriptor, fitting)
    if "spin" in config.model:
        inputs["spins"] = spins_of(name, n_atoms)
    return {key: value for key, value in inputs.items() if key not in config.left_out}


def evaluate(pot: DeepPot, system: System, inputs: Inputs) -> dict[str, np.ndarray]:
    """Energy (eV), forces (eV/A), virial (eV), and energy and virial per atom, as float64.

    Direct forces have no virial, which DeePMD-kit gives as NaN; properties are all that is given
    by their heads.
    """
    named = {ARGUMENTS[name]: value.reshape(1, -1) for name, value in inputs.items()}
    structure = (system.pos.reshape(1, -1), box_of(system), system.types)
    if isinstance(pot, DeepProperty):
        return property_results(*pot.eval(*structure, atomic=True, **named))
    energy, forces, virial, atom_energy, atom_virial, *magnetic = pot.eval(
        *structure, atomic=True, **named
    )
    n = len(system.types)
    results = {
        "energy": energy.reshape(()),
        "forces": forces.reshape(n, 3),
        "virial": virial.reshape(3, 3),
        "atom_energy": atom_energy.reshape(n),
        "atom_virial": atom_virial.reshape(n, 3, 3),
    }
    if np.isnan(virial).all() and np.isnan(atom_virial).all():
        del results["virial"], results["atom_virial"]
    if "spins" in inputs:
        results["magnetic_forces"] = magnetic[0].reshape(n, 3)
    assert all(np.isfinite(value).all() for value in results.values())
    return {key: np.asarray(value, dtype=np.float64) for key, value in results.items()}


def property_results(value: np.ndarray, of_atoms: np.ndarray) -> dict[str, np.ndarray]:
    """Property of the system (k,) and of each atom (n, k), as float64."""
    results = {"property": value[0], "atom_property": of_atoms[0]}
    assert all(np.isfinite(value).all() for value in results.values())
    return {key: np.asarray(value, dtype=np.float64) for key, value in results.items()}


def outputs_of(pot: DeepPot) -> tuple[str, ...]:
    """Names of the model's outputs that do not follow from each other."""
    if isinstance(pot, DeepProperty):
        return (pot.get_var_name(),)
    has_dens_head = any(
        "dens_fitting_net" in name for name, _ in inner_model(pot).named_parameters()
    )
    return ("energy", "force") if has_dens_head else ("energy",)


def dead_parameters(
    pot: DeepPot, systems: dict[str, System], inputs: dict[str, Inputs]
) -> list[str]:
    """Trained parameters on which no output depends on any of ``systems``."""
    model = inner_model(pot)
    names, parameters = zip(*model.named_parameters(), strict=True)
    alive: set[str] = set()
    model.train()  # keeps the graph behind the energy
    for parameter in parameters:
        parameter.requires_grad_(True)
    for name, system in systems.items():
        box = box_of(system)
        named = {
            ARGUMENTS[key]: torch.tensor(v if key in PER_SYSTEM else v[None])
            for key, v in inputs[name].items()
        }
        found = model(
            torch.tensor(system.pos[None]).requires_grad_(True),
            torch.tensor(system.types[None]),
            box=None if box is None else torch.tensor(box),
            **named,
        )
        total = sum(found[name].sum() for name in outputs_of(pot))
        gradients = torch.autograd.grad(total, parameters, allow_unused=True)
        alive |= {n for n, g in zip(names, gradients, strict=True) if g is not None and g.any()}
    model.eval()
    return [name for name in names if name not in alive]


def record(system: System, inputs: Inputs, pot64: DeepPot, pot32: DeepPot) -> dict[str, np.ndarray]:
    """A system with its results in both precisions, as the .npz file holds them."""
    rounded = evaluate(pot32, system, inputs)
    rounded.pop("atom_virial", None)
    return {
        **vars(system),
        **inputs,
        **evaluate(pot64, system, inputs),
        **{f"{key}32": value for key, value in rounded.items()},
    }


def spread_within_types(atom_energy: np.ndarray, types: np.ndarray) -> float:
    """Root mean square deviation (eV) of the energies (n,) from the mean of their type (n,)."""
    counts = np.bincount(types)
    means = np.bincount(types, weights=atom_energy) / np.maximum(counts, 1)
    return float(np.sqrt(np.mean((atom_energy - means[types]) ** 2)))


def deviation(values: np.ndarray, reference: np.ndarray) -> float:
    """Largest absolute difference, relative to the largest reference value."""
    scale = max(np.abs(reference).max(), SMALLEST_SCALE)
    return float(np.abs(values - reference).max() / scale)
