"""Small models with a dens or a property head (sezm.md 3.16, 3.17)."""

from __future__ import annotations

from typing import Any

from option_configs import FOUR_ELEMENTS, OPTION_SYSTEMS

#: Nearest neighbours that a dens head sees; molecule9 and skewed5 have more within the cutoff.
FEW = 5


def _small(**changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rcut": 4.5,
        "channels": 12,
        "n_radial": 5,
        "edge_norm": False,
        "lmax": 2,
        "n_blocks": 2,
        "mixing_layers": 2,
    }
    return options | changes


def _dens(descriptor: dict[str, Any], **model: Any) -> dict[str, Any]:
    return {
        "type_map": FOUR_ELEMENTS,
        "descriptor": descriptor,
        "model": model,
        "dens": True,
        "systems": OPTION_SYSTEMS,
    }


def _property(descriptor: dict[str, Any], fitting: dict[str, Any], **model: Any) -> dict[str, Any]:
    named = {"type": "property", "property_name": "moment", "precision": "float32", **fitting}
    return {
        "type_map": FOUR_ELEMENTS,
        "descriptor": descriptor,
        "model": {"fitting_net": named, **model},
        "systems": OPTION_SYSTEMS,
    }


#: Arguments of ``Config``.
DENS_SETS: dict[str, dict[str, Any]] = {
    "dens": _dens(_small(lmax=1)),
    "dens_few": _dens(_small(sel=FEW, mlp_bias=True)),
    "dens_extra_degree": _dens(
        _small(
            lmax=3,
            extra_node_l=1,
            ffn_so3_grid=True,
            so3_readout="mlp",
            edge_norm=True,
            sandwich_norm=[True] * 4,
        ),
        fitting_net={"neuron": [20, 0], "activation_function": "tanh"},
    ),
    "dens_pyramid": _dens(
        _small(l_schedule=[2, 1], full_attn_res="dependent", sel=[2, 1, 1, 1]),
        fitting_net={"atom_ener": [0.7, None, -1.5, 0.3]},
    ),
    "dens_block_residuals": _dens(
        _small(block_attn_res="independent", layer_scale=True, ffn_blocks=2, so3_readout="glu")
    ),
    "dens_few_exclusions": _dens(
        _small(sel=FEW, exclude_types=[[0, 1], [2, 2]]),
        pair_exclude_types=[[0, 1], [2, 2]],
    ),
    "dens_no_blocks": _dens(_small(n_blocks=0)),
    "dens_conditioned": _dens(
        _small(n_blocks=1, add_chg_spin_ebd=True),
        fitting_net={"numb_fparam": 2, "numb_aparam": 1, "atom_ener": [0.7, None, -1.5, 0.3]},
    ),
    "dens_branches": {
        **_dens(
            _small(n_blocks=1, lmax=1), fitting_net={"dim_case_embd": 2, "case_film_embd": True}
        ),
        "branches": {"first": {}, "second": {"fitting_net": {"activation_function": "tanh"}}},
    },
}

PROPERTY_SETS: dict[str, dict[str, Any]] = {
    # Layers of equal, doubled and other widths.
    "property_mean": _property(
        _small(), {"task_dim": 3, "intensive": True, "neuron": [12, 12, 24, 16]}
    ),
    "property_sum_of_one": _property(
        _small(n_blocks=1, mlp_bias=True),
        {"task_dim": 1, "distinguish_types": False, "neuron": [0, 0], "precision": "default"},
    ),
    "property_no_scales": _property(
        _small(n_blocks=1, exclude_types=[[0, 1]]),
        {
            "task_dim": 1,
            "intensive": True,
            "resnet_dt": False,
            "neuron": [24, 24, 7],
            "activation_function": "gelu",
        },
        atom_exclude_types=[3],
        pair_exclude_types=[[0, 1]],
    ),
    "property_sum": _property(
        _small(l_schedule=[2, 1], so3_readout="mlp", full_attn_res="independent"),
        {"task_dim": 3, "neuron": [120, 120, 120]},
    ),
    "property_mean_of_all": _property(
        _small(n_blocks=1),
        {"task_dim": 3, "intensive": True, "distinguish_types": False, "neuron": [0]},
    ),
    "property_conditioned": _property(
        _small(n_blocks=1, add_chg_spin_ebd=True),
        {"task_dim": 2, "numb_fparam": 3, "numb_aparam": 2, "neuron": [0, 0]},
    ),
    "property_branches": {
        **_property(_small(n_blocks=1), {"task_dim": 2, "dim_case_embd": 3, "neuron": [15, 30]}),
        "branches": {
            "first": {},
            "second": {"fitting_net": {"numb_fparam": 1, "default_fparam": [1.5]}},
        },
        "left_out": ("fparam",),
    },
}

HEAD_SETS = {**DENS_SETS, **PROPERTY_SETS}
