"""The named model configurations of the reference data, as a training input would spell them.

Options that are not named take DeePMD-kit's defaults; its normaliser writes them all out into the
recorded ``model_params``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conditioning_configs import CONDITIONING_SETS
from option_configs import FOUR_ELEMENTS, OPTION_SETS, OPTION_SYSTEMS
from spin_configs import SPIN_SETS

OXYGEN_HYDROGEN = ("O", "H")
FIVE_ELEMENTS = ("H", "C", "N", "O", "Na")

#: Version number that DeePMD-kit 3.2.0 gives to new models.
CURRENT_VERSION = 1.2

STANDARD_SYSTEMS = (
    "water24",
    "skewed5",
    "molecule9",
    "atom",
    "dimer",
    "dimer_mid",
    "dimer_far",
    "slab6",
)


@dataclass(frozen=True)
class Config:
    """One model: its options, its version number and the systems on which it is evaluated.

    ``model`` holds options beside the descriptor.  ``branches`` makes it a multitask model whose
    named branches share type map and descriptor; its values are further options of each branch.
    ``left_out`` names inputs that are not given, so that the model's default stands for them.
    """

    type_map: tuple[str, ...]
    descriptor: dict[str, Any]
    model: dict[str, Any] = field(default_factory=dict)
    branches: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: float = CURRENT_VERSION
    systems: tuple[str, ...] = STANDARD_SYSTEMS
    left_out: tuple[str, ...] = ()


def _mini(**changes: Any) -> dict[str, Any]:
    """Descriptor of DeePMD-kit's Mini water example; the published sizes change a few options."""
    options: dict[str, Any] = {
        "rcut": 6.0,
        "channels": 32,
        "n_radial": 16,
        "edge_norm": False,
        "lmax": 2,
        "mmax": 1,
        "n_blocks": 2,
        "mixing_layers": 3,
        "radial_so2_mode": "degree_channel",
        "radial_so2_rank": 1,
        "message_node_so3": True,
        "ffn_so3_grid": True,
        "grid_branch": [0, 0, 1],
        "so3_readout": "mlp",
    }
    return options | changes


def _tiny(**changes: Any) -> dict[str, Any]:
    """Descriptor of the small checkpoint that DeePMD-kit ships with its LAMMPS example."""
    options: dict[str, Any] = {
        "rcut": 6.0,
        "channels": 16,
        "n_radial": 6,
        "edge_norm": False,
        "lmax": 1,
        "n_blocks": 1,
        "mixing_layers": 2,
        "radial_so2_mode": "none",
    }
    return options | changes


CONFIGS: dict[str, Config] = {
    "tiny": Config(OXYGEN_HYDROGEN, _tiny(), version=1.1),
    "small_rcut": Config(FIVE_ELEMENTS, _tiny(rcut=5.1, lmax=2, n_blocks=2)),
    "nano": Config(OXYGEN_HYDROGEN, _mini(lmax=1, radial_so2_mode="none")),
    "mini": Config(OXYGEN_HYDROGEN, _mini(), systems=(*STANDARD_SYSTEMS, "water192")),
    "mini_edge_norm": Config(OXYGEN_HYDROGEN, _mini(edge_norm=True)),
    "mini_v1_0": Config(OXYGEN_HYDROGEN, _mini(), version=1.0),
    "neo": Config(FIVE_ELEMENTS, _mini(lmax=3, n_focus=2, edge_norm=True)),
    "air": Config(
        FIVE_ELEMENTS, _mini(channels=64, lmax=3, n_blocks=3, mixing_layers=4, edge_norm=True)
    ),
    "plus": Config(
        OXYGEN_HYDROGEN,
        _mini(channels=64, lmax=4, n_blocks=4, mixing_layers=4, radial_so2_rank=2, edge_norm=True),
    ),
    "defaults": Config(FIVE_ELEMENTS, {"rcut": 6.0}),
    "zbl": Config(
        OXYGEN_HYDROGEN,
        _mini(),
        model={"bridging_method": "zbl", "bridging_r_inner": 0.5, "bridging_r_outer": 0.8},
        systems=(*STANDARD_SYSTEMS, "close3", "window4"),
    ),
    "multitask": Config(
        OXYGEN_HYDROGEN,
        _tiny(),
        branches={
            "water": {"model_branch_alias": ["H2O"]},
            "other": {"model_branch_alias": ["Default"], "fitting_net": {"neuron": [32, 32]}},
        },
        systems=("water24", "skewed5", "molecule9", "atom"),
    ),
}

CONFIGS |= {
    name: Config(FOUR_ELEMENTS, descriptor, model=model, systems=OPTION_SYSTEMS)
    for name, (descriptor, model) in OPTION_SETS.items()
}

CONFIGS |= {name: Config(**arguments) for name, arguments in SPIN_SETS.items()}
CONFIGS |= {
    name: Config(FOUR_ELEMENTS, systems=OPTION_SYSTEMS, **arguments)
    for name, arguments in CONDITIONING_SETS.items()
}
