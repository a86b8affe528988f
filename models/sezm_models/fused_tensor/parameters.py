"""A trained layer from the parameter tree of a flax module."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch

from ..errors import CheckpointError
from .layer import KERNELS, FusedTensor


def read_fused_tensor(
    path: str | Path,
    module: str = "",
    *,
    include_pseudotensors: bool = True,
    cartesian_order: bool = True,
    dtype: torch.dtype | None = None,
) -> FusedTensor:
    """A layer with the degrees, channels and kernels that e3x stored.

    Args:
        path: npz file of a flattened tree,
            ``np.savez(path, **flax.traverse_util.flatten_dict(tree, sep="/"))``.
        module: where the layer's kernels are in the tree, e.g. "params/FusedTensor_0"; "" or
            "params" if the tree is that of the layer alone.
        include_pseudotensors: as the trained layer had it; the tree does not tell.
        cartesian_order: likewise.
        dtype: of the layer; that of the file if None.

    Raises:
        CheckpointError: no such file, a kernel is missing, has another shape, or is not finite.
    """
    stored = _load(Path(path), module)
    (l1, features), (l2, _), (l3, _) = (
        stored[KERNELS[place][0]].shape for place in ("1", "2", "out")
    )
    layer = FusedTensor(
        l1 - 1,
        l2 - 1,
        features,
        l3 - 1,
        include_pseudotensors,
        cartesian_order,
        dtype=dtype or torch.from_numpy(stored["kernel_e1"]).dtype,
    )
    for name, kernel in layer.named_parameters():
        found = stored[name]
        if found.shape != tuple(kernel.shape):
            raise CheckpointError(
                f"{path}: kernel {name!r} has shape {list(found.shape)}, expected "
                f"{list(kernel.shape)}"
            )
        if not np.isfinite(found).all():
            raise CheckpointError(f"{path}: kernel {name!r} holds values that are not finite")
        kernel.copy_(torch.from_numpy(found))
    return layer


def _load(path: Path, module: str) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; give the npz file of a parameter tree")
    names = [name for place in KERNELS.values() for name in place]
    prefixes = [f"{module}/"] if module else ["", "params/"]
    try:
        with np.load(path, allow_pickle=False) as file:
            for prefix in prefixes:
                if all(prefix + name in file for name in names):
                    return {name: _matrix(path, name, file[prefix + name]) for name in names}
            keys = sorted(file)
    except (OSError, ValueError, BadZipFile) as error:
        if isinstance(error, CheckpointError):
            raise
        text = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{path}: not an npz file of arrays ({text})") from None
    raise CheckpointError(
        f"{path}: no FusedTensor at {module or 'the root'!r}, not all of its eight kernels "
        f"({', '.join(names)}) are there; the file has {', '.join(keys[:8])}"
    )


def _matrix(path: Path, name: str, kernel: np.ndarray) -> np.ndarray:
    if kernel.ndim != 2 or 0 in kernel.shape:
        raise CheckpointError(
            f"{path}: kernel {name!r} has shape {list(kernel.shape)}, expected [degrees, channels]"
        )
    return kernel
