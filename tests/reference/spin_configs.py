"""Small magnetic models of both schemes (sezm.md 3.14, 3.15)."""

from __future__ import annotations

from typing import Any

from option_configs import FOUR_ELEMENTS, OPTION_SYSTEMS

TWO_ELEMENTS = ("O", "H")

CONTACTS = ("molecule9", "close3", "window4")

NATIVE = {"scheme": "native", "use_spin": [True, False, True, False]}


def _small(**changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rcut": 4.5,
        "channels": 12,
        "n_radial": 5,
        "edge_norm": False,
        "lmax": 2,
        "n_blocks": 1,
        "mixing_layers": 2,
    }
    return options | changes


def _zbl(r_inner: float, r_outer: float) -> dict[str, Any]:
    return {"bridging_method": "zbl", "bridging_r_inner": r_inner, "bridging_r_outer": r_outer}


#: Arguments of ``Config``.
SPIN_SETS: dict[str, dict[str, Any]] = {
    "spin_native": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(lmax=1, n_blocks=2, edge_norm=True),
        "model": {"spin": NATIVE, "atom_exclude_types": [3]},
    },
    "spin_native_so3": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(
            lmax=3,
            channels=16,
            n_focus=2,
            ffn_blocks=2,
            mlp_bias=True,
            message_node_so3=True,
            ffn_so3_grid=True,
            grid_branch=1,
        ),
        "model": {"spin": {"scheme": "native", "use_spin": [0, 3]}},
        "version": 1.1,
    },
    # Activations that are not zero at zero; one degree more than the messages have.
    "spin_native_no_seed": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(
            lmax=0,
            kmax=0,
            extra_node_l=1,
            use_env_seed=False,
            activation_function="softplus",
            full_attn_res="dependent",
        ),
        "model": {"spin": NATIVE},
    },
    "spin_native_none": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(activation_function="sigmoid", mlp_bias=True),
        "model": {"spin": {"scheme": "native", "use_spin": [False] * 4}},
        "version": 1.1,
    },
    "spin_native_zbl": {
        "type_map": TWO_ELEMENTS,
        "descriptor": _small(n_atten_head=0, focus_dim=8, n_focus=2, exclude_types=[[1, 1]]),
        "model": {
            "spin": {"scheme": "native", "use_spin": [True, True]},
            "pair_exclude_types": [[1, 1]],
            **_zbl(0.5, 0.8),
        },
        "version": 1.0,
        "systems": CONTACTS,
    },
    "spin_deepspin": {
        "type_map": TWO_ELEMENTS,
        "descriptor": _small(n_blocks=2),
        "model": {"spin": {"use_spin": [True, False], "virtual_scale": [0.3]}},
    },
    "spin_deepspin_exclusions": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(exclude_types=[[0, 1], [2, 2]], so3_readout="mlp", mlp_bias=True),
        "model": {
            "spin": {
                "scheme": "deepspin",
                "use_spin": [0, 2, 3],
                "virtual_scale": [0.35, 0.2, 0.25, 0.5],
            },
            "pair_exclude_types": [[0, 1], [2, 2]],
            "atom_exclude_types": [3],
        },
    },
    # Atoms that are displaced far beyond the cutoff, or into it.
    "spin_deepspin_far": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(lmax=1, n_blocks=2, use_env_seed=False),
        "model": {
            "spin": {
                "scheme": "deepspin",
                "use_spin": [True, False, True, True],
                "virtual_scale": 1.4,
            }
        },
        "version": 1.1,
    },
    # Most atoms of the crystal have more neighbours than this.
    "spin_deepspin_sel": {
        "type_map": TWO_ELEMENTS,
        "descriptor": _small(sel=7, lmax=1, n_atten_head=2),
        "model": {"spin": {"scheme": "deepspin", "use_spin": [True, True], "virtual_scale": 0.4}},
        "version": 1.0,
    },
    # A window that partners are too far from to be in, and one that many are in.
    "spin_deepspin_zbl": {
        "type_map": TWO_ELEMENTS,
        "descriptor": _small(),
        "model": {
            "spin": {"scheme": "deepspin", "use_spin": [True, False], "virtual_scale": [0.9]},
            **_zbl(0.1, 0.3),
        },
        "systems": CONTACTS,
    },
    "spin_deepspin_zbl_inside": {
        "type_map": TWO_ELEMENTS,
        "descriptor": _small(lmax=1),
        "model": {
            "spin": {"scheme": "deepspin", "use_spin": [True, True], "virtual_scale": [0.6, 0.8]},
            **_zbl(0.2, 1.9),
        },
        "systems": CONTACTS,
    },
    # Together with all other conditions.
    "spin_native_conditioned": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(add_chg_spin_ebd=True),
        "model": {"spin": NATIVE, "fitting_net": {"numb_fparam": 2, "numb_aparam": 1}},
    },
    "spin_deepspin_conditioned": {
        "type_map": FOUR_ELEMENTS,
        "descriptor": _small(lmax=1, add_chg_spin_ebd=True),
        "model": {
            "spin": {"use_spin": [True, False, False, True], "virtual_scale": [0.3, 0.4]},
            "fitting_net": {"numb_fparam": 2, "numb_aparam": 1},
        },
    },
}

for _arguments in SPIN_SETS.values():
    _arguments.setdefault("systems", OPTION_SYSTEMS)
