#!/usr/bin/env python3
"""Record what DeePMD-kit computes for the bundled trained model, as ``data/bundled.npz``.

    python record_bundled.py

Same keys and systems as the random models (``make_reference.py``); to be run anew whenever the
bundled checkpoint changes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from configs import STANDARD_SYSTEMS
from deepmd.infer import DeepPot
from deepmd_manifest import STATISTICS
from deepmd_model import fresh_wrapper
from deepmd_results import record
from make_reference import describe
from random_checkpoint import DATA, with_precision
from systems import make_system

CHECKPOINT = Path(__file__).resolve().parents[2] / "models/zoo/water_gfn1/model.ckpt.pt"


def float64_twin(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """The same trained values in a checkpoint whose model is declared in float64.

    Constants that the model computes come from a fresh float64 model: the file has them rounded.
    """
    trained = checkpoint["model"]
    params = with_precision(trained["_extra_state"]["model_params"], "float64")
    wrapper = fresh_wrapper(params)
    state = wrapper.state_dict()
    names = {name for name, _ in wrapper.named_parameters()}
    for key, value in trained.items():
        if key in names or key.endswith(STATISTICS):
            state[key] = value.double()
    return {"model": state | {"_extra_state": {"model_params": params, "train_infos": {}}}}


def open_twin(checkpoint: dict[str, Any]) -> DeepPot:
    """``DeepPot`` on the float64 twin."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twin.ckpt.pt"
        torch.save(float64_twin(checkpoint), path)
        return DeepPot(str(path))


def main() -> None:
    """Write ``data/bundled.npz``."""
    torch.set_num_threads(1)
    checkpoint = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    params = checkpoint["model"]["_extra_state"]["model_params"]
    pot64, pot32 = open_twin(checkpoint), DeepPot(str(CHECKPOINT))
    arrays: dict[str, np.ndarray] = {}
    for name in STANDARD_SYSTEMS:
        system = make_system(name, tuple(params["type_map"]), params["descriptor"]["rcut"])
        results = record(system, {}, pot64, pot32)
        arrays |= {f"{name}/{key}": value for key, value in results.items()}
        print(name, describe(results))
    np.savez_compressed(DATA / "bundled.npz", **arrays)


if __name__ == "__main__":
    main()
