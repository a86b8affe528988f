"""Complete random checkpoints in DeePMD-kit's layout, rebuilt from small recorded manifests.

A manifest (``data/NAME.json``) lists every entry of a model's state dict with its shape, dtype and
*kind*; the numbers of the trained entries are not stored but drawn again here, from one random
stream per (configuration, key).  The streams use raw PCG64 output and exactly rounded arithmetic
only, so that every machine and numpy version rebuilds the same bits.  Every drawn number is
representable in float32: the float32 checkpoint and its float64 twin hold the same values.

No DeePMD-kit is needed here; ``make_reference.py`` writes the manifests with it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

DATA = Path(__file__).resolve().parent / "data"

#: Kinds drawn as ``centre + width * z``, z of zero mean and unit variance: (centre, width).
SIMPLE_KINDS = {
    "norm_scale": (1.0, 0.2),  # scales of RMS norms, one in a fresh model
    "residual_scale": (0.5, 0.2),  # scales of residual branches, 1e-3 in a fresh model
    "bias": (0.0, 0.3),  # additive vectors, zero in a fresh model
    "strength_log": (-1.0, 0.2),  # logarithms of the FiLM strengths, log(0.01) in a fresh model
    "attention_floor": (0.54, 0.2),  # softplus of it is the attention denominator's offset
    "embedding": (0.0, 0.5),  # tables with a row per type
    "energy_shift": (-3.0, 1.0),  # energy per type, eV, of order 3
    "energy_std": (1.2, 0.4),  # stored beside the shift; must have no effect on the energy
}

#: Standard deviation of a weight matrix's entries times the square root of its input width.
WEIGHT_GAIN = 0.8

#: Relative spread of the radial frequencies about their initial values k * pi / rcut.
FREQUENCY_SPREAD = 0.03

#: What a kind is called by the last part of a key; the first pattern that fits counts.
KIND_OF_LEAF = (
    ("strength_log", "strength_log"),
    ("adam_freqs", "frequency"),
    ("adam_type_embedding", "embedding"),
    ("adam_scale", "norm_scale"),
    ("residual_scale", "residual_scale"),
    ("spin_scale", "residual_scale"),
    ("adam_spin", "embedding"),
    ("layer_scales", "residual_scale"),
    ("attn_z_bias_raw", "attention_floor"),
    ("adamw_attn_", "head_weight"),
    ("adamw_focus_compete_w", "weight"),
    ("adamw_pseudo_query", "embedding"),
    ("channel_basis", "weight"),
    ("projectors", "weight"),
    ("weight", "weight"),
    ("matrix", "weight"),
    ("bias_atom_e", "bias"),
    ("out_bias", "energy_shift"),
    ("out_std", "energy_std"),
    ("param_avg", "bias"),
    ("param_inv_std", "norm_scale"),
    ("bias", "bias"),
)


def kind_of(key: str) -> str:
    """The drawing rule of the trained entry ``key``; an unknown sort of entry is an error."""
    if key.endswith("output_layer.matrix"):
        return "energy_weight"
    leaf = ".".join(part for part in key.split(".")[-2:] if not part.isdigit())
    for pattern, kind in KIND_OF_LEAF:
        if pattern in leaf:
            return kind
    raise KeyError(f"no drawing rule for {key}")


def standard_draws(name: str, key: str, count: int) -> np.ndarray:
    """``count`` float64 numbers of zero mean and unit variance, uniform in +-sqrt(3).

    The stream depends on the configuration's name and the key alone.
    """
    digest = hashlib.sha256(f"{name}/{key}".encode()).digest()
    raw = np.random.PCG64(int.from_bytes(digest[:16], "little")).random_raw(count)
    unit = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53  # [0, 1)
    return (unit - 0.5) * math.sqrt(12.0)


def draw(
    name: str,
    key: str,
    kind: str,
    shape: Sequence[int],
    *,
    rcut: float,
    energy_exponent: int = 0,
) -> np.ndarray:
    """The values of one trained entry: float64, of ``shape``, representable in float32.

    ``rcut`` is in Angstrom.  ``energy_exponent`` scales the last layer of the fitting network by a
    power of two, so that a random model has energies and forces of a physical size.
    """
    z = standard_draws(name, key, math.prod(shape)).reshape(shape)
    if kind in SIMPLE_KINDS:
        centre, width = SIMPLE_KINDS[kind]
        values = centre + width * z
    elif kind == "frequency":  # (1, n_radial), 1 / Angstrom
        initial = np.arange(1, shape[-1] + 1) * (math.pi / rcut)
        values = initial * (1.0 + FREQUENCY_SPREAD * z)
    elif kind == "head_weight":  # (channels, focus, heads), contracted over the first axis
        values = WEIGHT_GAIN / math.sqrt(shape[0]) * z
    elif kind == "weight":  # (..., in, out)
        values = WEIGHT_GAIN / math.sqrt(shape[-2]) * z
    elif kind == "energy_weight":  # (hidden, 1)
        values = 2.0**energy_exponent * WEIGHT_GAIN / math.sqrt(shape[-2]) * z
    else:
        raise KeyError(f"{key}: unknown kind {kind!r}")
    return values.astype(np.float32).astype(np.float64)


def read_manifest(name: str) -> dict[str, Any]:
    """The recorded manifest of the configuration ``name``."""
    return json.loads((DATA / f"{name}.json").read_text())


def build_checkpoint(
    name: str, *, bare: bool = False, precision: str = "float32"
) -> dict[str, Any]:
    """The checkpoint of configuration ``name`` as the trainer would have saved it.

    ``bare`` leaves out the outer ``{"model": ...}``.  ``precision="float64"`` gives the twin whose
    model is declared, and stored, in float64 with the same values.
    """
    return checkpoint_from_manifest(read_manifest(name), bare=bare, precision=precision)


def write_checkpoint(
    name: str, path: str | Path, *, bare: bool = False, precision: str = "float32"
) -> None:
    """Save ``build_checkpoint(name, ...)`` as a file that DeePMD-kit and this project read."""
    torch.save(build_checkpoint(name, bare=bare, precision=precision), path)


def checkpoint_from_manifest(
    manifest: dict[str, Any], *, bare: bool = False, precision: str = "float32"
) -> dict[str, Any]:
    """A complete checkpoint from a manifest (see ``build_checkpoint``)."""
    state: dict[str, Any] = {}
    for key, entry in manifest["entries"].items():
        dtype = precision if entry["dtype"] == "float32" else entry["dtype"]
        state[key] = torch.from_numpy(_values(manifest, key, entry)).to(getattr(torch, dtype))
    state["_extra_state"] = {
        "model_params": with_precision(manifest["model_params"], precision),
        "train_infos": {"lr": 1.0e-6, "step": 0},
    }
    return state if bare else {"model": state}


def _values(manifest: dict[str, Any], key: str, entry: dict[str, Any]) -> np.ndarray:
    """Values of one state-dict entry: recorded for constants, drawn for everything else."""
    if entry["kind"] == "constant":
        return np.array(entry["values"]).reshape(entry["shape"])
    return draw(
        manifest["name"],
        entry.get("shared_with", key),
        entry["kind"],
        entry["shape"],
        rcut=manifest["rcut"],
        energy_exponent=manifest["energy_exponent"],
    )


def with_precision(model_params: dict[str, Any], precision: str) -> dict[str, Any]:
    """A copy of ``model_params`` whose networks (of every branch) are declared in ``precision``."""
    params = copy.deepcopy(model_params)
    for branch in params.get("model_dict", {"Default": params}).values():
        branch["descriptor"]["precision"] = precision
        branch["fitting_net"]["precision"] = precision
    return params
