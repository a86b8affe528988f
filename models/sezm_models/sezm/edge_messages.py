"""The edge stage of a block, from node features to sums over neighbours, and its derivative.

Of each slot s, with source j, Wigner rows D and attention weight a::

    x = K X_j               to the frame of the edge, K = D times radial kernels
    x <- x + gate(x W_i)    layers i < n - 1, three real products per pair of orders
    y = x W_(n-1)           the last layer, its residual in the weight
    sums_i = sum_(slots s of atom i) a_s D_s^T y_s

The derivative is written out: products are those of the forward pass transposed, what a layer
multiplied is kept, and rotations and gates, cheap beside them, are made again.

Sizes: A atoms, S slots, R = S / 4 rows, Q rows by source, D = (L+1)^2 packed rows, F rows of the
frame, C channels, r the rank of the kernels, Z radial features.
Messages are one [S, n_m C] for each order m = 0, -1, +1, ...

Arguments, in the order in which kernels take them (``export/FORMAT.md``):

    source          [S] int64, atom of each slot
    target          [R] int64, atom of each row; rows of an atom lie together
    source_slot     [4 Q] int64, slots in rows of equal source (``neighbor_rows``)
    source_atom     [Q] int64, of each of these rows, which lie together too
    features        [A, r D, C]: r copies of the features, each times a basis of channels
    wigner          [S, 2M+1, D] rows m' = 0, -1, +1, ... of the Wigner matrices
    radial          [S, Z] entries of radial kernels, or features [S, (L+1) C] per channel
    weight          [S, 1]
    layers          matrices of all layers: of m = 0; U, -(U+V), V-U of each pair of orders; of
                    layers but the last [C, L C] of the gates
    saved           what :func:`edge_messages` returns behind the sums
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..neighbor_rows import ROW_WIDTH
from ..segments import segment_sum
from .edge_layout import EdgeConstants, EdgeLayout, edge_constants

aten = torch.ops.aten

Parts = list[Tensor]
"""A message: one tensor for each order."""


def edge_messages(
    source: Tensor,
    target: Tensor,
    source_slot: Tensor,
    source_atom: Tensor,
    features: Tensor,
    wigner: Tensor,
    radial: Tensor,
    weight: Tensor,
    layers: Sequence[Tensor],
    layout: EdgeLayout,
) -> list[Tensor]:
    """Sums over the slots of each atom.

    Kernels lay out what they save in the order of ``source_slot``; here it is not needed.

    Returns:
        [A, D, C], zero for ghosts, and the products of all layers by layer and order, [S, n_m C]
        each: before gate and residual; of the last layer the message y.
    """
    constants = _constants_for(layout, features)
    channels = features.shape[2]
    rows = wigner.index_select(1, constants.wigner_row)
    rotation = rows * constants.same_degree
    gathered = features.index_select(0, source)
    kernels = rotation if layout.per_channel else _kernels(radial, rows, constants)
    parts = _split(torch.bmm(kernels, gathered), layout)
    if layout.per_channel:
        parts = _by_degree(parts, radial)
    saved: list[Tensor] = []
    n_layers = layout.n_layers(len(layers))
    for i in range(n_layers):
        weights, gate = _layer(layers, i, layout)
        product = _mixed(parts, weights)
        saved += product
        if gate is not None:
            gates = torch.sigmoid(product[0][:, :channels] @ gate)
            parts = [x + y for x, y in zip(parts, _gated(product, gates), strict=True)]
    sums = torch.bmm(
        _in_rows(rotation * weight.unsqueeze(2), layout).transpose(1, 2),
        _in_rows(_join(saved[-len(layout.counts) :], layout), layout),
    )
    return [segment_sum(sums, target, features.shape[0]), *saved]


def edge_messages_grad(
    source: Tensor,
    target: Tensor,
    source_slot: Tensor,
    source_atom: Tensor,
    grad_sums: Tensor,
    features: Tensor,
    wigner: Tensor,
    radial: Tensor,
    weight: Tensor,
    saved: Sequence[Tensor],
    layers: Sequence[Tensor],
    layout: EdgeLayout,
) -> list[Tensor]:
    """Derivative of :func:`edge_messages`, given that of the sums, [A, D, C].

    Returns:
        of ``features``, ``wigner``, ``radial``, ``weight``.
    """
    constants = _constants_for(layout, features)
    channels, n_orders = features.shape[2], len(layout.counts)
    rows = wigner.index_select(1, constants.wigner_row)
    rotation = rows * constants.same_degree
    grad_sums = grad_sums.index_select(0, target)  # [R, D, C]

    # ---------------------------------------------------------------- sum and rotation back
    weighted = _in_rows(rotation * weight.unsqueeze(2), layout)
    message = _in_rows(_join(saved[-n_orders:], layout), layout)
    grads = _split(_in_slots(torch.bmm(weighted, grad_sums), layout), layout)
    grad_rotation = _in_slots(torch.bmm(message, grad_sums.transpose(1, 2)), layout)
    grad_back = _sum_rows(grad_rotation, constants.sum_same_degree, layout)  # without the weight
    grad_weight = (grad_back * wigner).flatten(1).sum(1, keepdim=True)
    grad_wigner = grad_back * weight.unsqueeze(2)

    # ---------------------------------------------------------------- layers, the last one first
    n_layers = layout.n_layers(len(layers))
    for i in range(n_layers - 1, -1, -1):
        weights, gate = _layer(layers, i, layout)
        if gate is None:
            grads = _mixed_grad(grads, weights)
        else:
            product = list(saved[i * n_orders : (i + 1) * n_orders])
            through = _mixed_grad(_gated_grad(grads, product, gate, channels), weights)
            grads = [g + t for g, t in zip(grads, through, strict=True)]

    # ---------------------------------------------------------------- rotation to the frame
    gathered = features.index_select(0, source)
    kernels = rotation
    if layout.per_channel:
        local = _split(torch.bmm(kernels, gathered), layout)
        products = [g * x for g, x in zip(grads, local, strict=True)]
        grad_radial = _sum_by_degree(products)
        grads = _by_degree(grads, radial)
    else:
        kernels = _kernels(radial, rows, constants)
    grad_local = _join(grads, layout)
    grad_kernels = torch.bmm(grad_local, gathered.transpose(1, 2))
    if layout.per_channel:
        grad_to = _sum_rows(grad_kernels, constants.sum_same_degree, layout)
    else:
        grad_radial = _flat(grad_kernels * _copies(rows, constants)) @ constants.expand.t()
        entries = _expanded(radial, constants).reshape(grad_kernels.shape)
        grad_to = _sum_rows(grad_kernels * entries, constants.sum_degrees, layout)
    grad_features = torch.bmm(
        _in_rows(kernels.index_select(0, source_slot), layout).transpose(1, 2),
        _in_rows(grad_local.index_select(0, source_slot), layout),
    )
    grad_features = segment_sum(grad_features, source_atom, features.shape[0])
    return [grad_features, grad_wigner + grad_to, grad_radial, grad_weight]


def _constants_for(layout: EdgeLayout, features: Tensor) -> EdgeConstants:
    return edge_constants(layout, features.shape[1] // layout.columns, features)


# ------------------------------------------------------------------------------- kernels


def _kernels(radial: Tensor, rows: Tensor, constants: EdgeConstants) -> Tensor:
    """Rotation and modulation in one: [S, F, r D]."""
    copies = _copies(rows, constants)
    return _expanded(radial, constants).reshape(copies.shape) * copies


def _expanded(radial: Tensor, constants: EdgeConstants) -> Tensor:
    """Entry of the kernels of each element: [S, F r D]. (A product copies faster than an index.)"""
    return radial @ constants.expand


def _copies(rows: Tensor, constants: EdgeConstants) -> Tensor:
    """[S, F, D] once for each rank: [S, F, r D]."""
    rank = constants.expand.shape[1] // constants.same_degree.numel()
    return rows if rank == 1 else torch.cat([rows] * rank, 2)


def _sum_rows(values: Tensor, sums: Sequence[Tensor], layout: EdgeLayout) -> Tensor:
    """[S, F, r D] summed over the rows of each order: [S, 2M+1, D]."""
    blocks = values.split(layout.counts, 1)
    return torch.stack(
        [_flat(block) @ matrix for block, matrix in zip(blocks, sums, strict=True)], 1
    )


# ------------------------------------------------------------------------------- layouts


def _flat(values: Tensor) -> Tensor:
    return values.flatten(1)


def _split(local: Tensor, layout: EdgeLayout) -> Parts:
    """[S, F, C] -> [S, n_m C] of each order."""
    return [part.flatten(1) for part in local.split(layout.counts, 1)]


def _join(parts: Sequence[Tensor], layout: EdgeLayout) -> Tensor:
    """The reverse of :func:`_split`."""
    joined = torch.cat(list(parts), 1)
    return joined.reshape(joined.shape[0], layout.rows, -1)


def _in_rows(values: Tensor, layout: EdgeLayout) -> Tensor:
    """[S, F, X] -> [R, 4 F, X]: the sum over a row's slots is part of a product over F."""
    return values.reshape(-1, ROW_WIDTH * layout.rows, values.shape[2])


def _in_slots(values: Tensor, layout: EdgeLayout) -> Tensor:
    """[R, 4 F, X] -> [S, F, X]."""
    return values.reshape(-1, layout.rows, values.shape[2])


# ------------------------------------------------------------------------------- layers


def _layer(
    layers: Sequence[Tensor], i: int, layout: EdgeLayout
) -> tuple[Sequence[Tensor], Tensor | None]:
    """Matrices and gate of layer i."""
    first = i * (layout.weights_per_layer + 1)
    last = first + layout.weights_per_layer
    return layers[first:last], layers[last] if last < len(layers) else None


def _mixed(parts: Parts, weights: Sequence[Tensor]) -> Parts:
    """A linear layer, three real products per pair of orders (:mod:`.simplify.so2_layers`)."""
    mixed = [parts[0] @ weights[0]]
    for i in range(1, len(weights), 3):
        minus, plus = _pair(parts, i)
        both = (minus + plus) @ weights[i]
        mixed += [both + plus @ weights[i + 1], both + minus @ weights[i + 2]]
    return mixed


def _mixed_grad(grads: Parts, weights: Sequence[Tensor]) -> Parts:
    mixed = [grads[0] @ weights[0].t()]
    for i in range(1, len(weights), 3):
        minus, plus = _pair(grads, i)
        both = (minus + plus) @ weights[i].t()
        mixed += [both + plus @ weights[i + 2].t(), both + minus @ weights[i + 1].t()]
    return mixed


def _pair(parts: Parts, weight: int) -> tuple[Tensor, Tensor]:
    """Orders -m and +m, whose first matrix is this one of the layer's."""
    plus = 2 * (weight + 2) // 3
    return parts[plus - 1], parts[plus]


def _gated(product: Parts, gates: Tensor) -> Parts:
    """Activation of the scalars, [S, L C] gates on higher degrees."""
    channels = product[0].shape[1] - gates.shape[1]
    first, higher = product[0][:, :channels], product[0][:, channels:]
    gated = torch.cat([torch.nn.functional.silu(first), higher * gates], 1)
    return [gated, *_by_degree(product[1:], gates)]


def _gated_grad(grads: Parts, product: Parts, gate: Tensor, channels: int) -> Parts:
    first, higher = product[0][:, :channels], product[0][:, channels:]
    gates = torch.sigmoid(first @ gate)
    grad_first, grad_higher = grads[0][:, :channels], grads[0][:, channels:]
    products = [g * y for g, y in zip(grads[1:], product[1:], strict=True)]
    grad_gates = _sum_by_degree([grad_higher * higher, *products])
    grad_first = aten.silu_backward(grad_first, first)
    grad_first = grad_first + aten.sigmoid_backward(grad_gates, gates) @ gate.t()
    scalars = torch.cat([grad_first, grad_higher * gates], 1)
    return [scalars, *_by_degree(grads[1:], gates)]


def _by_degree(parts: Sequence[Tensor], factors: Tensor) -> Parts:
    """Each part times the last columns of ``factors``, those of its degrees."""
    width = factors.shape[1]
    return [part * factors[:, width - part.shape[1] :] for part in parts]


def _sum_by_degree(parts: Sequence[Tensor]) -> Tensor:
    """The transpose of :func:`_by_degree`; the first part has all degrees."""
    total = None
    for i in range(len(parts) - 1, 0, -2):
        pair = parts[i - 1] + parts[i]
        total = pair if total is None else _added_to_last(pair, total)
    return parts[0] if total is None else _added_to_last(parts[0], total)


def _added_to_last(values: Tensor, terms: Tensor) -> Tensor:
    """Terms added to the last columns."""
    kept = values.shape[1] - terms.shape[1]
    if kept == 0:
        return values + terms
    return torch.cat([values[:, :kept], values[:, kept:] + terms], 1)
