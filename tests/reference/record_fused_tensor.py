"""Write ``data/fused_tensor.npz``: what e3x 1.0.2 computes for the layers of fused_tensor_cases.

    pip install e3x==1.0.2 jax==0.10.2 flax
    python record_fused_tensor.py

Takes minutes: JAX compiles every operator of every case.
"""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
from fused_tensor_cases import CASES

jax.config.update("jax_enable_x64", True)

import e3x  # noqa: E402

OUTPUT = Path(__file__).parent / "data" / "fused_tensor.npz"


def main() -> None:
    """Record every case."""
    outputs = {}
    for case in CASES:
        first, second, kernels = case.draw()
        layer = e3x.nn.FusedTensor(
            max_degree=case.degree,
            include_pseudotensors=case.include_pseudotensors,
            cartesian_order=case.cartesian_order,
            param_dtype=np.float64,
        )
        outputs[case.name] = np.asarray(layer.apply({"params": kernels}, first, second))
    np.savez_compressed(OUTPUT, **outputs)


if __name__ == "__main__":
    main()
