"""ATen operators in ONNX that act on each element by itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from .graph_tools import is_tensor, shape, value
from .onnx_lowering import Lowering, Translation
from .sizes import Dim

aten = torch.ops.aten


def _unary(kind: str) -> Translation:
    def translate(lowering: Lowering, node: fx.Node, source: fx.Node) -> str:
        return lowering.builder.op(kind, lowering.operand(source, value(node).dtype))

    return translate


def _binary(kind: str) -> Translation:
    """Operands converted to the dtype of the result."""

    def translate(lowering: Lowering, node: fx.Node, left: Any, right: Any) -> str:
        dtype = value(node).dtype
        names = lowering.operand(left, dtype), lowering.operand(right, dtype)
        if kind in ("Mul", "Div") and dtype == torch.float64:
            columns = lowering.sizes.dim(shape(node)[-1]) if shape(node) else 1
            names = (
                _hidden_scalar(lowering, left, names[0], columns),
                _hidden_scalar(lowering, right, names[1], columns),
            )
        return lowering.builder.op(kind, *names)

    return translate


def _hidden_scalar(lowering: Lowering, argument: Any, name: str, columns: Dim) -> str:
    """A constant of one element as a row, which ONNX Runtime does not take for a scalar.

    Its MatMulScaleFusion moves scalar factors into the `alpha` of FusedMatMul, an attribute in
    single precision: models in double precision came out wrong by 1e-9 (onnxruntime 1.31).
    """
    is_number = not isinstance(argument, fx.Node)
    is_scalar = is_number or (argument.op == "get_attr" and value(argument).numel() == 1)
    if not is_scalar or not isinstance(columns, int) or columns == 1:
        return name
    return lowering.builder.op("Expand", name, lowering.builder.integers(columns))


def _comparison(kind: str, *, negated: bool = False) -> Translation:
    """Operands converted to the dtype that both promote to."""

    def translate(lowering: Lowering, node: fx.Node, left: Any, right: Any) -> str:
        samples = [a.meta["val"] if is_tensor(a) else a for a in (left, right)]
        dtype = torch.result_type(*samples)
        names = lowering.operand(left, dtype), lowering.operand(right, dtype)
        result = lowering.builder.op(kind, *names)
        return lowering.builder.op("Not", result) if negated else result

    return translate


def _rsub(lowering: Lowering, node: fx.Node, source: fx.Node, number: Any) -> str:
    dtype = value(node).dtype
    return lowering.builder.op(
        "Sub", lowering.operand(number, dtype), lowering.operand(source, dtype)
    )


def _rsqrt(lowering: Lowering, node: fx.Node, source: fx.Node) -> str:
    root = lowering.builder.op("Sqrt", lowering.operand(source, value(node).dtype))
    lowering.describe(root, value(node).dtype, shape(node))
    return lowering.builder.op("Reciprocal", root)


def _clamp(
    lowering: Lowering, node: fx.Node, source: fx.Node, low: Any = None, high: Any = None
) -> str:
    dtype = value(node).dtype
    bounds = ["" if bound is None else lowering.operand(bound, dtype) for bound in (low, high)]
    return lowering.builder.op("Clip", lowering.operand(source, dtype), *bounds)


def _where(lowering: Lowering, node: fx.Node, condition: fx.Node, this: Any, other: Any) -> str:
    dtype = value(node).dtype
    branches = lowering.operand(this, dtype), lowering.operand(other, dtype)
    return lowering.builder.op("Where", lowering.names[condition], *branches)


def _to_copy(lowering: Lowering, node: fx.Node, source: fx.Node, dtype: torch.dtype) -> str:
    return lowering.cast(lowering.names[source], dtype)


def _integer_division(
    lowering: Lowering, node: fx.Node, left: fx.Node, right: Any, *, rounding_mode: str
) -> str:
    """Of numbers that are not negative, as counts are: ONNX rounds towards zero."""
    dtype = value(node).dtype
    if dtype.is_floating_point or rounding_mode != "floor":
        raise NotImplementedError("division with rounding, other than of counts")
    return lowering.builder.op("Div", lowering.operand(left, dtype), lowering.operand(right, dtype))


UNARY = {
    aten.abs: "Abs",
    aten.neg: "Neg",
    aten.exp: "Exp",
    aten.log: "Log",
    aten.sqrt: "Sqrt",
    aten.reciprocal: "Reciprocal",
    aten.sin: "Sin",
    aten.cos: "Cos",
    aten.tanh: "Tanh",
    aten.sigmoid: "Sigmoid",
    aten.erf: "Erf",
    aten.relu: "Relu",
    aten.softplus: "Softplus",
    aten.sign: "Sign",
    aten.floor: "Floor",
    aten.logical_not: "Not",
    aten.bitwise_not: "Not",
}

BINARY = {
    aten.add.Tensor: "Add",
    aten.sub.Tensor: "Sub",
    aten.mul.Tensor: "Mul",
    aten.div.Tensor: "Div",
    aten.maximum.default: "Max",
    aten.minimum.default: "Min",
    aten.pow.Tensor_Tensor: "Pow",
    aten.pow.Tensor_Scalar: "Pow",
    aten.logical_and.default: "And",
    aten.logical_or.default: "Or",
    aten.bitwise_and.Tensor: "And",
    aten.bitwise_or.Tensor: "Or",
}

COMPARISONS = {
    aten.eq: ("Equal", False),
    aten.ne: ("Equal", True),
    aten.lt: ("Less", False),
    aten.le: ("LessOrEqual", False),
    aten.gt: ("Greater", False),
    aten.ge: ("GreaterOrEqual", False),
}

ELEMENTWISE: dict[Any, Translation] = {
    **{packet.default: _unary(kind) for packet, kind in UNARY.items()},
    **{target: _binary(kind) for target, kind in BINARY.items()},
    **{
        target: _comparison(kind, negated=negated)
        for packet, (kind, negated) in COMPARISONS.items()
        for target in (packet.Tensor, packet.Scalar)
    },
    aten.rsub.Scalar: _rsub,
    aten.rsqrt.default: _rsqrt,
    aten.clamp.default: _clamp,
    aten.where.self: _where,
    aten._to_copy.default: _to_copy,
    aten.div.Tensor_mode: _integer_division,
}
