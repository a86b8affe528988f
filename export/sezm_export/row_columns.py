"""Columns that row programs compute in: made one after the other, then given places in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass
class _Instruction:
    """Attributes:
    code: name of what is done.
    target: first of ``size`` new columns; None if there are none.
    arrays: columns that are read.
    numbers: further arguments.
    """

    code: str
    target: int | None
    size: int
    arrays: list[np.ndarray]
    numbers: list[int] = field(default_factory=list)


class Columns:
    """Instructions so far. Columns are numbered as they are made; those of constants are -1, -2,
    and so on."""

    def __init__(self) -> None:
        self._instructions: list[_Instruction] = []
        self._starts: list[int] = []  # first column of each block that was made
        self._n_columns = 0
        self._constants: dict[float, int] = {}

    def constants(self, array: np.ndarray) -> np.ndarray:
        """Columns that hold these numbers in every row."""
        numbers = [self._constants.setdefault(x, len(self._constants)) for x in array.ravel()]
        return -1 - np.array(numbers, dtype=np.int64).reshape(array.shape)

    def emit(
        self,
        code: str,
        size: int | None,
        arrays: Sequence[np.ndarray],
        numbers: Sequence[int] = (),
    ) -> np.ndarray:
        """Append an instruction.

        Args:
            code: name of the instruction.
            size: number of new columns; None for none.
            arrays: columns that it reads.
            numbers: further arguments.

        Returns:
            the new columns.
        """
        first = None if size is None else self._n_columns
        if size is not None:
            self._starts.append(self._n_columns)
            self._n_columns += size
        self._instructions.append(_Instruction(code, first, size or 0, list(arrays), list(numbers)))
        return np.arange(self._n_columns - (size or 0), self._n_columns)

    def finished(self, codes: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
        """The program and its constants.

        Returns:
            [n] int64: number of constant columns, number of all columns, instructions;
            [m] float64: what fills constant columns.
        """
        places = self._places()
        n_constants = len(self._constants)
        words: list[int] = []
        for instruction in self._instructions:
            for encoded in _encoded(instruction, places):
                words += [codes[instruction.code], *encoded]
        n_columns = int(places.max(initial=n_constants - 1)) + 1
        return np.array([n_constants, n_columns, *words], np.int64), np.array(list(self._constants))

    def _places(self) -> np.ndarray:
        """Where each column lies; at the end, backwards, those of constants."""
        starts = np.array(self._starts)
        last_use = np.full(len(starts), -1)
        for time, instruction in enumerate(self._instructions):
            for array in instruction.arrays:
                used = array[array >= 0]
                last_use[np.searchsorted(starts, used, "right") - 1] = time
        sizes = np.diff([*self._starts, self._n_columns])
        n_constants = len(self._constants)
        places = np.empty(self._n_columns + n_constants, np.int64)
        places[-n_constants or len(places) :] = np.arange(n_constants)[::-1]
        memory, block = _Memory(n_constants), 0
        for time, instruction in enumerate(self._instructions):
            if block < len(starts) and instruction.target == starts[block]:
                start, size = starts[block], int(sizes[block])
                place = memory.take(size)
                places[start : start + size] = np.arange(place, place + size)
                block += 1
            for ended in np.flatnonzero(last_use == time):
                memory.give_back(int(places[starts[ended]]), int(sizes[ended]))
        return places


class _Memory:
    """Free intervals behind the constants; the last one has no end."""

    def __init__(self, first: int) -> None:
        self._free: list[tuple[int, int]] = []
        self._end = first

    def take(self, size: int) -> int:
        """Place of a block: the first gap that is large enough."""
        for i, (start, length) in enumerate(self._free):
            if length >= size:
                self._free[i : i + 1] = [(start + size, length - size)] if length > size else []
                return start
        start = self._end
        self._end += size
        return start

    def give_back(self, start: int, size: int) -> None:
        self._free = sorted([*self._free, (start, size)])
        merged: list[tuple[int, int]] = []
        for first, length in self._free:
            if merged and merged[-1][0] + merged[-1][1] == first:
                merged[-1] = (merged[-1][0], merged[-1][1] + length)
            else:
                merged.append((first, length))
        self._free = merged


def _encoded(instruction: _Instruction, places: np.ndarray) -> Iterator[list[int]]:
    """Its words behind the code; one instruction for each run of columns."""
    arrays = [places[array] for array in instruction.arrays]
    target = None if instruction.target is None else int(places[instruction.target])
    numbers = instruction.numbers
    if instruction.code in ("load", "load_bool", "load_tile", "gather"):
        yield [*numbers, instruction.size, target or 0]
    elif instruction.code == "matmul":
        depth, matrix = numbers
        columns = [int(column) for column in arrays[0]]
        yield [depth, instruction.size, matrix, target or 0, *columns]
    elif instruction.code in ("store", "store_tile"):
        yield [*numbers, *(int(column) for column in arrays[0])]
    else:
        terms = {"sum": [len(arrays)], "dot": [len(arrays) // 2]}.get(instruction.code, [])
        for start, count, firsts in _runs(arrays):
            pairs = (word for pair in firsts for word in pair)
            yield [*terms, count, (target or 0) + start, *pairs]


def _runs(arrays: Sequence[np.ndarray]) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Pieces in which every array has a constant step: first position, length, and of each array
    the first column and the step."""
    size, start = len(arrays[0]), 0
    steps = [np.diff(array) for array in arrays]
    while start < size:
        stop = start + 1
        if stop < size:
            same = np.logical_and.reduce([step[start:] == step[start] for step in steps])
            stop = size if same.all() else start + 1 + int(np.argmin(same))
        yield (
            start,
            stop - start,
            [
                (int(array[start]), int(step[start]) if stop > start + 1 else 0)
                for array, step in zip(arrays, steps, strict=True)
            ],
        )
        start = stop
