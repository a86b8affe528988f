#!/usr/bin/env python3
"""Layers of this project, written by ``serialize()``, evaluated by DeePMD-kit.

The way back is in ``tests/sezm_models/test_serialization.py``. Needs DeePMD-kit, and this project's
``models`` folder on the path::

    PYTHONPATH=../../models python round_trip_layers.py
"""

from __future__ import annotations

import sezm_models.sezm as ours
import torch
from deepmd.dpmodel.descriptor.dpa4_nn import ffn as numpy_ffn
from deepmd.dpmodel.descriptor.dpa4_nn import so3 as numpy_so3
from deepmd.pt.model.descriptor.sezm_nn import ffn as torch_ffn
from deepmd.pt.model.descriptor.sezm_nn import so3 as torch_so3
from layer_cases import LAYERS

TOLERANCE = 1e-12

THEIRS = {
    "ChannelLinear": (numpy_so3.ChannelLinear,),
    "FocusLinear": (numpy_so3.FocusLinear,),
    "SO3Linear": (torch_so3.SO3Linear, numpy_so3.SO3Linear),
    "EquivariantFFN": (torch_ffn.EquivariantFFN, numpy_ffn.EquivariantFFN),
}


def main() -> None:
    """Compare all layers."""
    torch.manual_seed(0)
    for name, (kind, options, shape) in LAYERS.items():
        keywords = {key: value for key, value in options.items() if key != "lebedev_quadrature"}
        layer = getattr(ours, kind)(**keywords, dtype=torch.float64)
        for parameter in layer.parameters():
            parameter.data.copy_(torch.randn_like(parameter) / max(parameter.shape[0], 4) ** 0.5)
        x = torch.randn(shape, dtype=torch.float64)
        y = layer(x)
        for theirs in THEIRS[kind]:
            other = theirs.deserialize(layer.serialize())
            is_torch = isinstance(other, torch.nn.Module)
            z = other(x).detach() if is_torch else torch.from_numpy(other.call(x.numpy()))
            deviation = float((z - y).abs().max() / y.abs().max())
            print(f"{name} {theirs.__module__}: {deviation:.1e}")
            assert deviation < TOLERANCE


if __name__ == "__main__":
    main()
