"""Models that know more than the structure: charge and spin, frame and atomic parameters, branch.

Small ones, each with conditions that meet in the same place (sezm.md 3.11, 3.13).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from random_checkpoint import standard_draws

#: Total charge (e) and spin of each system; those of the small ones are the ends of the tables.
CHARGE_SPIN = {
    "molecule9": (-1.0, 2.0),
    "skewed5": (3.0, 1.0),
    "dimer": (99.0, 0.0),
    "atom": (-100.0, 99.0),
}


def conditioning_of(
    system: str, n_atoms: int, descriptor: dict[str, Any], fitting: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Inputs beside the structure ``system`` for a model with these options.

    ``charge_spin`` (1, 2), ``fparam`` (1, K), ``aparam`` (n, K), as far as the model takes them;
    float64, representable in float32.
    """
    inputs = {}
    if descriptor.get("add_chg_spin_ebd"):
        inputs["charge_spin"] = np.array([CHARGE_SPIN[system]])
    per_atom = 0 if fitting.get("use_aparam_as_mask") else fitting.get("numb_aparam", 0)
    for name, rows, width in (
        ("fparam", 1, fitting.get("numb_fparam", 0)),
        ("aparam", n_atoms, per_atom),
    ):
        if width > 0:
            values = standard_draws(system, name, rows * width).reshape(rows, width)
            inputs[name] = values.astype(np.float32).astype(np.float64)
    return inputs


def _small(**changes: Any) -> dict[str, Any]:
    """A descriptor that is evaluated in no time; defaults of the option schema otherwise."""
    options: dict[str, Any] = {
        "rcut": 4.5,
        "channels": 12,
        "n_radial": 5,
        "edge_norm": False,
        "lmax": 1,
        "n_blocks": 1,
        "mixing_layers": 2,
    }
    return options | changes


def _charged(**changes: Any) -> dict[str, Any]:
    return _small(add_chg_spin_ebd=True, **changes)


def _fitting(**options: Any) -> dict[str, Any]:
    return {"fitting_net": options}


ATOM_ENERGIES = [0.7, None, -1.5, 0.3]

CONDITIONING_SETS: dict[str, dict[str, Any]] = {
    # Type features by atom, on every path that radial features take.
    "charge_spin": {"descriptor": _charged(lmax=2, n_blocks=2)},
    "charge_spin_default": {
        "descriptor": _charged(default_chg_spin=[-2, 5], radial_so2_mode="degree"),
        "left_out": ("charge_spin",),
    },
    "charge_spin_attention": {
        "descriptor": _charged(
            lmax=2,
            n_blocks=2,
            n_focus=2,
            focus_dim=8,
            n_atten_head=2,
            atten_v_proj=True,
            edge_norm=True,
            mlp_bias=True,
            activation_function="tanh",
            default_chg_spin=[0, 1],
        ),
    },
    "charge_spin_no_attention": {
        "descriptor": _charged(
            n_atten_head=0, radial_so2_rank=0, lmax=2, full_attn_res="dependent", extra_node_l=1
        ),
    },
    "charge_spin_cartesian": {
        "descriptor": _charged(
            edge_cartesian=True, l_schedule=[2, 1, 0], radial_so2_mode="none", use_env_seed=False
        ),
    },
    "charge_spin_no_blocks": {"descriptor": _charged(n_blocks=0, so3_readout="glu")},
    "charge_spin_fparam_zbl": {
        "descriptor": _charged(exclude_types=[[0, 3]], block_attn_res="independent", lmax=2),
        "model": {
            "bridging_method": "zbl",
            "bridging_r_inner": 0.7,
            "bridging_r_outer": 1.3,
            "pair_exclude_types": [[0, 3]],
            "atom_exclude_types": [1],
            **_fitting(numb_fparam=1, atom_ener=ATOM_ENERGIES),
        },
    },
    # Parameters in the fitting network.
    "fparam": {"descriptor": _small(), "model": _fitting(numb_fparam=2)},
    "fparam_default": {
        "descriptor": _small(),
        "model": _fitting(numb_fparam=3, default_fparam=[0.5, -1.25, 2.0], atom_ener=ATOM_ENERGIES),
        "left_out": ("fparam",),
    },
    "aparam": {
        "descriptor": _small(),
        "model": _fitting(numb_aparam=3, activation_function="gelu"),
    },
    "aparam_as_mask": {
        "descriptor": _small(),
        "model": _fitting(numb_fparam=7, numb_aparam=9, use_aparam_as_mask=True, neuron=[0, 20]),
    },
    "fparam_aparam": {
        "descriptor": _small(),
        "model": {
            "atom_exclude_types": [2],
            **_fitting(numb_fparam=4, numb_aparam=5, neuron=[0, 20], atom_ener=ATOM_ENERGIES),
        },
    },
    "everything": {
        "descriptor": _charged(n_focus=2, default_chg_spin=[1, 3]),
        "model": _fitting(
            numb_fparam=2, numb_aparam=1, default_fparam=[0.25, 4.0], atom_ener=ATOM_ENERGIES
        ),
    },
    # Branches that know which one they are.
    "case_concatenated": {
        "descriptor": _small(),
        "model": _fitting(dim_case_embd=7, neuron=[0, 0]),
        "branches": {
            "first": {},
            "second": _fitting(numb_fparam=5, atom_ener=ATOM_ENERGIES),
        },
    },
    "case_film": {
        "descriptor": _small(),
        "model": _fitting(dim_case_embd=9, case_film_embd=True, neuron=[0, 20]),
        "branches": {"first": {}, "second": _fitting(activation_function="tanh")},
    },
    "case_film_parameters": {
        "descriptor": _charged(),
        "model": _fitting(
            dim_case_embd=2,
            case_film_embd=True,
            numb_aparam=2,
            numb_fparam=1,
            atom_ener=ATOM_ENERGIES,
        ),
        "branches": {"first": _fitting(default_fparam=[1.5]), "second": {}},
    },
}
