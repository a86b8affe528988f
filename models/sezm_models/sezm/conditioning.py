"""Inputs beside the structure: which ones a model takes."""

from __future__ import annotations

from torch import Tensor

from .config import SeZMConfig

MEANINGS = {
    "charge_spin": "[systems, 2], total charge (e) and spin of each system",
    "fparam": "[systems, {width}], frame parameters",
    "aparam": "[atoms, {width}], atomic parameters",
    "spins": "[atoms, 3], spin vectors",
}
"""What each input is, in the order in which models and files take them."""


def conditioning_widths(config: SeZMConfig) -> dict[str, int]:
    """Width of each input that a model of this configuration takes, in their order."""
    fitting = config.fitting
    widths = {
        "charge_spin": 2 if config.descriptor["add_chg_spin_ebd"] else 0,
        "fparam": fitting["numb_fparam"],
        "aparam": 0 if fitting["use_aparam_as_mask"] else fitting["numb_aparam"],
        "spins": 3 if config.spin is not None else 0,
    }
    return {name: width for name, width in widths.items() if width > 0}


def conditioning_defaults(
    config: SeZMConfig, default_fparam: Tensor | None
) -> dict[str, tuple[float, ...]]:
    """What stands for an input that the user leaves out; ``default_fparam`` [K] as stored."""
    defaults = {}
    charge_spin = config.descriptor["default_chg_spin"]
    if config.descriptor["add_chg_spin_ebd"] and charge_spin is not None:
        defaults["charge_spin"] = tuple(map(float, charge_spin))
    if default_fparam is not None:
        defaults["fparam"] = tuple(default_fparam.tolist())
    return defaults


def check_conditioning(widths: dict[str, int], given: dict[str, Tensor | None]) -> None:
    """Refuse inputs that are missing, not taken, or of another width.

    Raises:
        ValueError: with the input's name and what the model takes.
    """
    for name, value in given.items():
        if name not in widths:
            if value is not None:
                takes = ", ".join(widths) or "none"
                raise ValueError(f"this model does not take {name}; inputs that it takes: {takes}")
            continue
        what = MEANINGS[name].format(width=widths[name])
        if value is None:
            raise ValueError(f"this model needs {name}: {what}")
        if value.ndim != 2 or value.shape[1] != widths[name]:
            raise ValueError(f"{name} has shape {list(value.shape)}; this model needs {what}")
