"""A group of nodes (``row_groups``) as instructions for the kernel of rows (``export/FORMAT.md``).

The kernel takes a few rows at a time and keeps each number of a row, for all of them, in a column.
An instruction acts on runs of columns: [code, count, target, first a, step a, first b, step b].
What only orders numbers anew - slices, transposes, broadcasts - costs nothing: a value is an array
of the columns that its numbers lie in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import onnx

from .row_columns import Columns
from .row_groups import Values, attributes_of

FIRST_CODE = 32
"""Below are codes of older files, whose programs a kernel refuses."""

CODES = {
    name: number
    for number, name in enumerate(
        (
            "load", "load_bool", "load_tile", "gather", "store", "store_tile", "matmul", "dot",
            "sum", "add", "sub", "mul", "div", "max", "min", "less", "less_equal", "select", "neg",
            "sqrt", "reciprocal", "exp", "log", "sin", "cos", "sigmoid",
        ),
        FIRST_CODE,
    )
}  # fmt: skip
"""Of the instructions, in the order in which the kernel knows them."""

BINARY = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "And": "mul", "Less": "less",
    "LessOrEqual": "less_equal",
}  # fmt: skip
SWAPPED = {"Greater": "less", "GreaterOrEqual": "less_equal"}
UNARY = {
    "Neg": "neg", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Exp": "exp", "Log": "log",
    "Sin": "sin", "Cos": "cos", "Sigmoid": "sigmoid",
}  # fmt: skip


class RowProgram:
    """Instructions of a group.

    Args:
        group: its nodes.
        values: of the graph.
        inputs: names of the values that the kernel is given, in order.
        outputs: names of those that it returns.
        private: values that no other operators than such kernels see: they lie tile by tile, column
            by column in the memory of inputs and outputs.

    Attributes:
        code: [n] int64, as the kernel reads it: the shapes of outputs, then what
            :class:`Columns` gives.
        constants: [m] float64: those that fill columns.
    """

    def __init__(
        self,
        group: Sequence[onnx.NodeProto],
        values: Values,
        inputs: Sequence[str],
        outputs: Sequence[str],
        private: Collection[str] = (),
    ) -> None:
        self._private = private
        self._values, self._inputs = values, {name: i for i, name in enumerate(inputs)}
        self._columns = Columns()
        self._arrays: dict[str, np.ndarray] = {}
        numbers = {name: number for number, name in enumerate(outputs)}
        for node in group:
            name = node.output[0]
            array = self._arrays[name] = self._result(node)
            if name in numbers:
                code = "store_tile" if name in private else "store"
                self._columns.emit(code, None, [array.ravel()], [numbers[name], array.size])
        instructions, self.constants = self._columns.finished(CODES)
        self.code = np.array([*self._header(outputs), *instructions], np.int64)

    def _header(self, outputs: Sequence[str]) -> list[int]:
        """An input that tells R, and its k; number of outputs; rank and shape of each."""
        shapes = {name: self._values.per_row(name) for name in (*self._inputs, *outputs)}
        first, known = next(
            (name, shape) for name in self._inputs if (shape := shapes[name]) is not None
        )
        words = [self._inputs[first], known[0], len(outputs)]
        for name in outputs:
            shape = shapes[name]
            assert shape is not None
            words += [len(shape), *shape]
        return words

    def _result(self, node: onnx.NodeProto) -> np.ndarray:
        shape = self._values.per_row(node.output[0])
        assert shape is not None
        kind = node.op_type
        if kind in BINARY or kind in SWAPPED:
            first, second = (self._array(name) for name in node.input)
            if kind in SWAPPED:
                first, second = second, first
            return self._elementwise(BINARY.get(kind) or SWAPPED[kind], shape, first, second)
        if kind in UNARY:
            return self._elementwise(UNARY[kind], shape, self._array(node.input[0]))
        rule: Callable[..., np.ndarray] = getattr(self, f"_{kind.lower()}")
        return rule(node, shape)

    def _array(self, name: str) -> np.ndarray:
        """Columns of a value's numbers, (k, trailing ...)."""
        if name not in self._arrays:
            shape = self._values.per_row(name)
            if shape is None:
                tensor = onnx.numpy_helper.to_array(self._values.constants[name])
                self._arrays[name] = self._columns.constants(tensor.astype(float))
            else:
                size = int(np.prod(shape))
                code = "load" if self._values.types[name] == self._values.real else "load_bool"
                code = "load_tile" if name in self._private else code
                block = self._columns.emit(code, size, [], [self._inputs[name]])
                self._arrays[name] = block.reshape(shape)
        return self._arrays[name]

    def _elementwise(self, code: str, shape: tuple[int, ...], *arrays: np.ndarray) -> np.ndarray:
        same = [np.broadcast_to(array, shape).ravel() for array in arrays]
        return self._columns.emit(code, same[0].size, same).reshape(shape)

    # ------------------------------------------------------------------- more than one instruction

    def _where(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return self._elementwise("select", shape, *(self._array(name) for name in node.input))

    def _clip(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        result = self._array(node.input[0])
        for name, code in zip(node.input[1:], ("max", "min"), strict=False):
            if name:
                result = self._elementwise(code, shape, result, self._array(name))
        return result

    def _matmul(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        left = self._array(node.input[0])
        if self._values.per_row(node.input[1]) is not None:
            return self._product(left, self._array(node.input[1]), shape)
        matrix = onnx.numpy_helper.to_array(self._values.constants[node.input[1]])
        rows = left.reshape(-1, matrix.shape[0])
        terms = matrix.shape[0] // matrix.shape[1]
        if np.array_equal(matrix, np.tile(np.eye(matrix.shape[1]), (terms, 1))):
            parts = rows.reshape(len(rows), terms, -1).swapaxes(1, 2)
            return self._folded("add", parts).reshape(shape)
        where = [matrix.shape[0], self._inputs[node.input[1]]]
        results = [self._columns.emit("matmul", matrix.shape[1], [row], where) for row in rows]
        return np.stack(results).reshape(shape)

    def _product(self, left: np.ndarray, right: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """[.., i, k] [.., k, j], both of rows; runs of columns go along the longer of i and j.

        The factor that stays the same along them comes second: kernels load it once.
        """
        if shape[2] < shape[1]:  # (A B)^T = B^T A^T
            turned = shape[0], shape[2], shape[1]
            return self._product(right.swapaxes(1, 2), left.swapaxes(1, 2), turned).swapaxes(1, 2)
        factors = [
            np.broadcast_to(array, shape).ravel()
            for k in range(left.shape[2])
            for array in (right[:, None, k, :], left[:, :, k, None])
        ]
        return self._columns.emit("dot", factors[0].size, factors).reshape(shape)

    def _reducesum(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return self._reduced("add", node, shape)

    def _reducemax(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return self._reduced("max", node, shape)

    def _reduced(self, code: str, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        data = self._array(node.input[0])
        axes = self._integers(node.input[1])
        last = np.moveaxis(data, axes, range(-len(axes), 0))
        return self._folded(code, last.reshape(*last.shape[: -len(axes)], -1)).reshape(shape)

    def _folded(self, code: str, terms: np.ndarray) -> np.ndarray:
        """Over the last axis."""
        if code == "add":
            parts = [terms[..., i].ravel() for i in range(terms.shape[-1])]
            return self._columns.emit("sum", parts[0].size, parts).reshape(terms.shape[:-1])
        total = terms[..., 0]
        for i in range(1, terms.shape[-1]):
            total = self._elementwise(code, total.shape, total, terms[..., i])
        return total

    # -------------------------------------------------------------------------- orders of numbers

    def _identity(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return self._array(node.input[0])

    def _reshape(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return self._array(node.input[0]).reshape(shape)

    _squeeze = _unsqueeze = _reshape

    def _transpose(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return self._array(node.input[0]).transpose(attributes_of(node)["perm"])

    def _expand(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(self._array(node.input[0]), shape)

    def _concat(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        arrays = [self._array(name) for name in node.input]
        return np.concatenate(arrays, attributes_of(node)["axis"])

    def _slice(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        data = self._array(node.input[0])
        starts, ends = self._integers(node.input[1]), self._integers(node.input[2])
        axes = self._integers(node.input[3]) if len(node.input) > 3 else range(len(starts))
        steps = self._integers(node.input[4]) if len(node.input) > 4 else [1] * len(starts)
        index: list[Any] = [slice(None)] * data.ndim
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            index[axis] = slice(start, end, step)
        return data[tuple(index)]

    def _pad(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        """Negative widths cut off."""
        data = self._array(node.input[0])
        pads = self._integers(node.input[1])
        sides = list(zip(pads[: data.ndim], pads[data.ndim :], strict=True))
        kept = [
            slice(max(-low, 0), length - max(-high, 0))
            for (low, high), length in zip(sides, data.shape, strict=True)
        ]
        widths = [(max(low, 0), max(high, 0)) for low, high in sides]
        filling = self._array(node.input[2]).item() if len(node.input) > 2 else self._zero()
        return np.pad(data[tuple(kept)], widths, constant_values=filling)

    def _zero(self) -> int:
        return int(self._columns.constants(np.zeros(())).item())

    def _gather(self, node: onnx.NodeProto, shape: tuple[int, ...]) -> np.ndarray:
        axis = attributes_of(node).get("axis", 0)
        if axis > 0:
            index = onnx.numpy_helper.to_array(self._values.constants[node.input[1]])
            return np.take(self._array(node.input[0]), index, axis)
        numbers = [self._inputs[name] for name in node.input]
        width = int(np.prod(shape[1:]))
        extra = [*numbers, shape[0], width]
        return self._columns.emit("gather", shape[0] * width, [], extra).reshape(shape)

    def _integers(self, name: str) -> list[int]:
        array = onnx.numpy_helper.to_array(self._values.constants[name])
        return [int(number) for number in array.ravel()]
