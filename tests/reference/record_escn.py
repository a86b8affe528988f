"""Write ``data/escn.npz`` and ``data/escn_keys.json``: fairchem-core 1.10.0 on ``escn_cases.py``.

    pip install torch==2.13.0 numpy scipy ase opt_einsum_fx
    pip install --no-deps e3nn==0.6.0
    pip download --no-deps fairchem-core==1.10.0
    unzip fairchem_core-1.10.0-py3-none-any.whl -d FOLDER
    python record_escn.py FOLDER

fairchem's packages pull in much that the model does not need: only their folders are made known,
and what the model's own file imports is stood in for.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import torch
from escn_cases import CONFIGS, draw_inputs, draw_weights

DATA = Path(__file__).parent / "data"

PACKAGES = ("", ".core", ".core.common", ".core.models", ".core.models.escn", ".core.models.scn")


def fairchem_escn(folder: Path) -> types.ModuleType:
    """The module of the exportable model."""
    for package in PACKAGES:
        module = types.ModuleType(f"fairchem{package}")
        module.__path__ = [str(folder / "fairchem" / package.replace(".", "/").strip("/"))]
        sys.modules[module.__name__] = module
    base = types.ModuleType("fairchem.core.models.base")
    base.GraphModelMixin = type("GraphModelMixin", (), {})
    sys.modules[base.__name__] = base
    from fairchem.core.models.escn import escn_exportable

    return escn_exportable


def main() -> None:
    """Record every model."""
    torch.set_default_dtype(torch.float64)
    escn = fairchem_escn(Path(sys.argv[1]))
    results, keys = {}, {}
    for name, options in CONFIGS.items():
        model = escn.eSCN(**options, export=True).eval()
        trained = [(key, p) for key, p in model.named_parameters() if p.requires_grad]
        draw_weights(trained, model.num_layers)
        inputs, rotations = draw_inputs(name)
        rotations = torch.from_numpy(rotations)
        model._init_edge_rot_mat = lambda vec, rotations=rotations: rotations
        with torch.no_grad():
            energy, forces = model(*map(torch.from_numpy, inputs.values()))
        results[f"{name}/energy"], results[f"{name}/forces"] = energy.numpy(), forces.numpy()
        keys[name] = {key: list(value.shape) for key, value in model.state_dict().items()}
        print(name, energy.tolist(), float(forces.abs().max()))
        if name == "l2m2":
            stored = {k: v for k, v in model.state_dict().items() if k.startswith("sph")}
            stored.pop("sphere_embedding.weight")
            results |= {f"{name}/{key}": value.numpy() for key, value in stored.items()}
    np.savez_compressed(DATA / "escn.npz", **results)
    (DATA / "escn_keys.json").write_text(json.dumps({"l2m2": keys["l2m2"]}) + "\n")


if __name__ == "__main__":
    main()
