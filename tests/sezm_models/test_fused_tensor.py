"""The FusedTensor layer against what e3x computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from fused_tensor_cases import CASES, Case
from sezm_models import CheckpointError
from sezm_models.fused_tensor import FusedTensor, read_fused_tensor

RECORDED = Path(__file__).parents[1] / "reference" / "data" / "fused_tensor.npz"
TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(RECORDED) as file:
        return dict(file)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layer_computes_what_e3x_computes(
    case: Case, recorded: dict[str, np.ndarray], tmp_path: Path
) -> None:
    first, second, kernels = case.draw()
    np.savez(tmp_path / "tree.npz", **{f"params/{name}": k for name, k in kernels.items()})
    layer = read_fused_tensor(
        tmp_path / "tree.npz",
        include_pseudotensors=case.include_pseudotensors,
        cartesian_order=case.cartesian_order,
    )
    found = layer(torch.from_numpy(first), torch.from_numpy(second)).numpy()
    np.testing.assert_allclose(found, recorded[case.name], rtol=TOLERANCE, atol=TOLERANCE)


def test_default_degree_is_the_larger_one() -> None:
    assert FusedTensor(1, 3, 4).max_degree == 3


def test_a_module_is_found_by_its_place_in_the_tree(tmp_path: Path) -> None:
    _, _, kernels = CASES[8].draw()
    tree = {f"params/FusedTensor_1/{name}": k for name, k in kernels.items()}
    np.savez(tmp_path / "tree.npz", **tree)
    layer = read_fused_tensor(tmp_path / "tree.npz", "params/FusedTensor_1", dtype=torch.float32)
    assert layer.kernel_e1.dtype == torch.float32
    with pytest.raises(CheckpointError, match=r"FusedTensor_0.*kernel_e1"):
        read_fused_tensor(tmp_path / "tree.npz", "params/FusedTensor_0")


def test_bad_trees_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tree.npz"
    with pytest.raises(CheckpointError, match="no such file"):
        read_fused_tensor(path)
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(CheckpointError, match="not an npz file"):
        read_fused_tensor(path)
    _, _, kernels = CASES[8].draw()
    np.savez(path, **kernels | {"kernel_o2": np.ones((7, 2))})
    with pytest.raises(CheckpointError, match=r"kernel_o2.*\[7, 2\], expected \[2, 2\]"):
        read_fused_tensor(path)
    np.savez(path, **kernels | {"kernel_o2": np.full((2, 2), np.nan)})
    with pytest.raises(CheckpointError, match="not finite"):
        read_fused_tensor(path)


def test_degrees_and_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CheckpointError, match="max_degree 3 is beyond 2"):
        FusedTensor(1, 1, 4, max_degree=3)
    layer = FusedTensor(1, 1, 4)
    with pytest.raises(CheckpointError, match=r"inputs2 has shape \[5, 1, 9, 4\]"):
        layer(torch.ones(5, 1, 4, 4), torch.ones(5, 1, 9, 4))
