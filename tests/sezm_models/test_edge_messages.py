"""The edge stage as one function: what its definition says, with the derivative that follows."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sezm_models.neighbor_rows import ROW_WIDTH, NeighborRows, neighbor_rows
from sezm_models.segments import segment_sum
from sezm_models.sezm.degrees import degree_of_rows, frame_rows
from sezm_models.sezm.edge_layout import EdgeLayout
from sezm_models.sezm.edge_messages import edge_messages, edge_messages_grad
from sezm_models.sezm.edge_operators import summed_messages
from sezm_models.sezm.simplify.aggregation import SumFirst
from sezm_models.sezm.simplify.edge_stage import join_edge_stages
from sezm_models.sezm.so2_convolution import SO2Convolution
from sezm_models.whole_operators import kept_whole
from torch import Tensor
from value_and_gradients import assert_equal, value_and_gradients

CHANNELS, ATOMS, EDGES = 16, 7, 23

LAYOUTS = [
    (EdgeLayout(lmax, mmax, per_channel), rank)
    for lmax, mmax in itertools.product(range(1, 5), range(3))
    for per_channel, rank in ((False, 1), (False, 2), (True, 1))
    if mmax <= lmax
]
Arguments = tuple[NeighborRows, list[Tensor], list[Tensor]]


def arguments(layout: EdgeLayout, rank: int, n_layers: int, edges: int = EDGES) -> Arguments:
    """Rows; features, Wigner rows, radial features and weights, which vanish in empty slots;
    layers."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    index = torch.randint(0, ATOMS, (2, edges), generator=generator)
    rows = neighbor_rows(index, drawn(edges, 3), ATOMS, 5.0)
    slots, columns = rows.source.shape[0], layout.columns
    entries = rank * sum((layout.lmax - m + 1) ** 2 for m in range(layout.mmax + 1))
    given = [
        drawn(ATOMS, rank * columns, CHANNELS),
        drawn(slots, 2 * layout.mmax + 1, columns),
        drawn(slots, (layout.lmax + 1) * CHANNELS if layout.per_channel else entries),
        drawn(slots, 1) * (rows.edge < edges).double().unsqueeze(1),
    ]
    layers = []
    for i in range(n_layers):
        for m in range(layout.mmax + 1):
            width = (layout.lmax - m + 1) * CHANNELS
            layers += [drawn(width, width) / width**0.5 for _ in range(3 if m else 1)]
        if i < n_layers - 1:
            layers.append(drawn(CHANNELS, layout.lmax * CHANNELS) / CHANNELS**0.5)
    return rows, given, layers


def sums_by_definition(
    rows: NeighborRows, given: list[Tensor], layers: list[Tensor], layout: EdgeLayout
) -> Tensor:
    """[N, D, C], row by row of the frame."""
    features, wigner, radial, weight = given
    degrees = degree_of_rows(layout.lmax)
    frame = frame_rows(layout.lmax, layout.mmax)
    of_row = {(degree, m): wigner[:, 2 * abs(m) - (m < 0)] for degree, m in frame}
    copies = features[rows.source].unflatten(1, (-1, layout.columns))  # [S, r, D, C]

    def rotated(row: tuple[int, int], rank: int, degree: int) -> Tensor:
        columns = [d for d, of in enumerate(degrees) if of == degree]
        return (of_row[row][:, columns].unsqueeze(2) * copies[:, rank, columns]).sum(1)

    def modulated(row: tuple[int, int]) -> Tensor:
        degree, order = row
        if layout.per_channel:
            return rotated(row, 0, degree) * radial.unflatten(1, (-1, CHANNELS))[:, degree]
        ranks, m = copies.shape[1], abs(order)
        size = layout.lmax - m + 1
        first = sum((layout.lmax - k + 1) ** 2 for k in range(m))
        terms = [
            radial[:, [(first + (source - m) * size + degree - m) * ranks + rank]]
            * rotated(row, rank, source)
            for source in range(m, layout.lmax + 1)
            for rank in range(ranks)
        ]
        return torch.stack(terms).sum(0)

    parts = {
        order: torch.cat([modulated((degree, m)) for degree, m in frame if m == order], 1)
        for order in layout.orders
    }
    matrices = iter(layers)
    n_layers = layout.n_layers(len(layers))
    for i in range(n_layers):
        product = {0: parts[0] @ next(matrices)}
        for m in range(1, layout.mmax + 1):
            both, to_minus, to_plus = next(matrices), next(matrices), next(matrices)
            shared = (parts[-m] + parts[m]) @ both
            product |= {-m: shared + parts[m] @ to_minus, m: shared + parts[-m] @ to_plus}
        if i == n_layers - 1:
            parts = product
            break
        scalars = product[0][:, :CHANNELS]
        gates = torch.cat([torch.sigmoid(scalars), torch.sigmoid(scalars @ next(matrices))], 1)
        parts = {m: parts[m] + product[m] * gates[:, abs(m) * CHANNELS :] for m in parts}
    messages = torch.zeros(len(rows.source), layout.columns, CHANNELS, dtype=torch.float64)
    for m in layout.orders:
        for k, message in enumerate(parts[m].unflatten(1, (-1, CHANNELS)).unbind(1)):
            degree = abs(m) + k
            same = torch.tensor([of == degree for of in degrees])
            rotation = of_row[degree, m] * same
            messages = messages + rotation.unsqueeze(2) * message.unsqueeze(1)
    messages = messages * weight.unsqueeze(2)
    target = rows.target.repeat_interleave(ROW_WIDTH)
    return segment_sum(messages, target, ATOMS)


@pytest.mark.parametrize(("layout", "rank"), LAYOUTS)
@pytest.mark.parametrize("n_layers", [1, 2, 4])
def test_sums_and_gradients_are_those_of_the_definition(
    layout: EdgeLayout, rank: int, n_layers: int
) -> None:
    rows, given, layers = arguments(layout, rank, n_layers)
    found = value_and_gradients(lambda g: summed_messages(*g, layers, layout, rows), given)
    assert_equal(
        found, value_and_gradients(lambda g: sums_by_definition(rows, g, layers, layout), given)
    )


def test_without_edges_the_sums_are_zero() -> None:
    layout = EdgeLayout(2, 1, per_channel=False)
    rows, given, layers = arguments(layout, 1, 2, edges=0)
    assert not any(
        tensor.any()
        for tensor in value_and_gradients(
            lambda g: summed_messages(*g, layers, layout, rows), given
        )[:4]
    )


@pytest.mark.parametrize("per_channel", [False, True])
def test_the_operators_compute_the_same(per_channel: bool) -> None:
    layout = EdgeLayout(2, 1, per_channel)
    rows, given, layers = arguments(layout, 1, 3)

    def function(leaves: list[Tensor]) -> Tensor:
        return summed_messages(*leaves, layers, layout, rows)

    with kept_whole():
        whole = value_and_gradients(function, given)
    assert_equal(whole, value_and_gradients(function, given))


@pytest.mark.parametrize("per_channel", [False, True])
def test_operators_state_the_shapes_of_their_results(per_channel: bool) -> None:
    layout = EdgeLayout(3, 2, per_channel)
    rows, given, layers = arguments(layout, 1, 2)
    numbers = (layout.lmax, layout.mmax, per_channel)
    by_atom = [rows.source, rows.target, rows.source_slot, rows.source_atom]
    saved = edge_messages(*by_atom, *given, layers, layout)
    grads = edge_messages_grad(*by_atom, saved[0], *given, saved[1:], layers, layout)

    def on_meta(tensors: list[Tensor]) -> list[Tensor]:
        return [tensor.to("meta") for tensor in tensors]

    index = on_meta(by_atom)
    args, weights, kept = on_meta(given), on_meta(layers), on_meta(saved)
    forward = torch.ops.sezm.edge_messages(*index, *args, weights, *numbers)
    assert [tensor.shape for tensor in forward] == [tensor.shape for tensor in saved]
    backward = torch.ops.sezm.edge_messages_grad(
        *index, kept[0], *args, kept[1:], weights, *numbers
    )
    assert [tensor.shape for tensor in backward] == [tensor.shape for tensor in grads]


def joined(lmax: int = 2, channels: int = 16, **options: Any) -> bool:
    """Whether a convolution with these options has its edge stage in one piece."""
    covered = {"mixing_layers": 2, "radial_so2_mode": "degree", "n_atten_head": 1}
    convolution = SO2Convolution(
        lmax=lmax, mmax=1, channels=channels, dtype=torch.float32, **covered | options
    )
    convolution.aggregation = SumFirst(convolution.aggregation)
    join_edge_stages(SimpleNamespace(blocks=[SimpleNamespace(so2_conv=convolution)]))
    return convolution.edge_stage is not None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"radial_so2_mode": "none"},
        {"radial_so2_mode": "degree_channel", "radial_so2_rank": 2},
        {"n_atten_head": 0},
        {"atten_v_proj": True, "atten_o_proj": True},
        {"mixing_layers": 1},
        {"message_node_so3": True},
        {"n_focus": 2},
        {"n_focus": 2, "channels": 24, "focus_dim": 32},
    ],
)
def test_blocks_use_it_with_options_that_it_covers(options: dict[str, Any]) -> None:
    assert joined(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"n_atten_head": 2},
        {"activation_function": "tanh"},
        {"s2_activation": True},
        {"so2_norm": True},
        {"layer_scale": True},
        {"mlp_bias": True},
        {"so2_attn_res": "independent"},
        {"node_wise_s2": True},
        {"radial_so2_mode": "degree_channel", "radial_so2_rank": 0},
        {"edge_cartesian": True},
        {"mixing_layers": 0},
        {"lmax": 0},
        {"channels": 24},
    ],
)
def test_blocks_do_without_it_with_other_options(options: dict[str, Any]) -> None:
    assert not joined(**options)
