"""The outermost layer of an ONNX file, read without the ``onnx`` package.

An ONNX file is one protobuf message (``ModelProto``): a row of numbered fields. Walking over them
without entering the graph tells in microseconds whether a file is ONNX, whether it is complete,
what its metadata says and what functions it has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

MODEL_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
"""Field numbers of ``ModelProto`` (onnx.proto)."""

GRAPH_FIELD = 7
METADATA_FIELD = 14
FUNCTIONS_FIELD = 25

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_LONGEST_PAYLOAD = 16 * 2**20


class MalformedError(Exception):
    """Not a protobuf message, or not all of one."""


def is_onnx_prefix(path: Path) -> bool:
    """Whether the file starts as ONNX files do: field 1 (IR version), then a known field."""
    with open(path, "rb") as file:
        head = file.read(3)
    return len(head) == 3 and head[0] == 0x08 and head[1] < 0x80 and head[2] >> 3 in MODEL_FIELDS


def model_metadata(path: Path) -> dict[str, str]:
    """The ``metadata_props`` of an ONNX file.

    Raises:
        MalformedError: the file is truncated, damaged, or no ONNX model.
    """
    entries: dict[str, str] = {}
    seen = set()
    with open(path, "rb") as file:
        for number, payload in _fields(file, os.path.getsize(path), keep={METADATA_FIELD}):
            if number not in MODEL_FIELDS:
                raise MalformedError(f"field {number} is not one of an ONNX model")
            seen.add(number)
            if number == METADATA_FIELD:
                key, value = _string_pair(payload)
                entries[key] = value
    if GRAPH_FIELD not in seen:
        raise MalformedError("it holds no graph")
    return entries


def function_names(path: Path) -> set[str]:
    """The names of the functions of an ONNX file.

    Raises:
        MalformedError: as :func:`model_metadata`.
    """
    with open(path, "rb") as file:
        return {
            _name(payload)
            for number, payload in _fields(file, os.path.getsize(path), keep={FUNCTIONS_FIELD})
            if number == FUNCTIONS_FIELD
        }


def _fields(file: BinaryIO, end: int, keep: set[int]) -> Iterator[tuple[int, bytes]]:
    """Number and payload of each field; payloads outside ``keep`` are skipped, not read."""
    while (position := file.tell()) < end:
        tag = _varint(file)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            _varint(file)
            yield number, b""
            continue
        if wire_type not in (_FIXED64, _BYTES, _FIXED32):
            raise MalformedError(f"unknown wire type {wire_type} at byte {position}")
        length = {_FIXED64: 8, _FIXED32: 4}.get(wire_type) or _varint(file)
        if file.tell() + length > end:
            raise MalformedError(f"a field at byte {position} reaches beyond the end of the file")
        if number in keep and length <= _LONGEST_PAYLOAD:
            yield number, file.read(length)
        else:
            file.seek(length, os.SEEK_CUR)
            yield number, b""


def _varint(file: BinaryIO) -> int:
    value = 0
    for index in range(_LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            raise MalformedError("the file ends within a number")
        value |= (byte[0] & 0x7F) << (7 * index)
        if byte[0] < 0x80:
            return value
    raise MalformedError("a number is too long")


def _string_pair(payload: bytes) -> tuple[str, str]:
    """A ``StringStringEntryProto``: key in field 1, value in field 2."""
    pair = {number: text for number, text in _fields(BytesIO(payload), len(payload), keep={1, 2})}
    try:
        return pair.get(1, b"").decode(), pair.get(2, b"").decode()
    except UnicodeDecodeError:
        raise MalformedError("its metadata is not UTF-8 text") from None


def _name(payload: bytes) -> str:
    """Of a ``FunctionProto``: field 1; empty where it is damaged, which ONNX Runtime reports."""
    fields = _fields(BytesIO(payload), len(payload), keep={1})
    try:
        return next((text.decode(errors="replace") for number, text in fields if number == 1), "")
    except MalformedError:
        return ""
