"""Edge stages of several focus streams in one piece: what the plain ones compute."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sezm_models.neighbor_rows import neighbor_rows
from sezm_models.sezm.geometry import EdgeGeometry
from sezm_models.sezm.simplify.aggregation import SumFirst
from sezm_models.sezm.simplify.edge_stage import join_edge_stages
from sezm_models.sezm.simplify.so2_layers import simplify_so2_layers
from sezm_models.sezm.so2_convolution import SO2Convolution
from sezm_models.sezm.type_features import TypeFeatures
from torch import Tensor
from value_and_gradients import assert_equal, value_and_gradients

ATOMS, EDGES, CHANNELS, LMAX, MMAX = 6, 21, 16, 2, 1

OPTIONS: dict[str, dict[str, Any]] = {
    "kernels": {"radial_so2_mode": "degree"},
    "kernels of rank 2": {"radial_so2_mode": "degree_channel", "radial_so2_rank": 2},
    "per channel": {"radial_so2_mode": "none"},
    "no attention": {"n_atten_head": 0},
    "mixed before attention": {"atten_f_mix": True, "atten_v_proj": True, "atten_o_proj": True},
    "wider streams": {"focus_dim": 32},
    "without norm": {"focus_norm": False},
}


def convolution(n_focus: int, options: dict[str, Any]) -> SO2Convolution:
    """With random parameters."""
    usual = {"mixing_layers": 3, "radial_so2_mode": "degree", "n_atten_head": 1}
    size = {"lmax": LMAX, "mmax": MMAX, "channels": CHANNELS, "n_focus": n_focus}
    module = SO2Convolution(**size, dtype=torch.float64, **usual | options)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(drawn / max(1, parameter.shape[0]) ** 0.5)
    return module


def joined(plain: SO2Convolution) -> SO2Convolution:
    """With its edge stage in one piece."""
    module = copy.deepcopy(plain)
    module.aggregation = SumFirst(module.aggregation)
    join_edge_stages(SimpleNamespace(blocks=[SimpleNamespace(so2_conv=module)]))
    assert module.edge_stage is not None
    with torch.no_grad():
        simplify_so2_layers(module)
    return module


@pytest.mark.parametrize("n_focus", [2, 3])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_sums_and_gradients_are_those_of_the_plain_stage(
    n_focus: int, options: dict[str, Any]
) -> None:
    plain = convolution(n_focus, options)
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    index = torch.randint(0, ATOMS, (2, EDGES), generator=generator)
    rows = neighbor_rows(index, drawn(EDGES, 3), ATOMS, 5.0)
    slots, columns = rows.source.shape[0], (LMAX + 1) ** 2
    is_edge = (rows.edge < EDGES).double().unsqueeze(1)
    wigner = drawn(slots, 2 * MMAX + 1, columns)
    wigner[:, :, 0] = torch.tensor([1.0, 0.0, 0.0])  # l = 0 has order 0 alone
    types = TypeFeatures(drawn(ATOMS, CHANNELS))
    features = drawn(ATOMS, columns, 1, n_focus * plain.focus_dim)
    given = [features, wigner, drawn(slots, (LMAX + 1) * CHANNELS), drawn(slots, 1).abs() * is_edge]

    def summed(module: SO2Convolution, leaves: list[Tensor]) -> Tensor:
        frame = (module.edge_stage or module.message).frame
        edges = EdgeGeometry(
            weight=leaves[3],
            gate=None,
            direction=torch.empty(0),
            inverse_length=torch.empty(0),
            basis=torch.empty(0),
            radial=leaves[2],
            zonal=torch.empty(0),
            frames={frame.key: frame.rotation(leaves[1])},
        )
        return module.messages(leaves[0], edges, rows, types)

    simple = joined(plain)
    found, expected = (
        value_and_gradients(lambda leaves, m=module: summed(m, leaves), given)
        for module in (simple, plain)
    )
    filled = is_edge.squeeze(1) > 0  # gradients of empty slots are of no account
    for results in (found, expected):
        results[2:] = [gradient[filled] for gradient in results[2:]]
        results[2][:, 0, 0] = 0.0  # of what is 1 in every frame
    assert_equal(found, expected)
