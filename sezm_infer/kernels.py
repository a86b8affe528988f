"""The optional library of compiled kernels that ONNX Runtime uses in place of stock operators."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from .errors import SezmError

VARIABLE, OFF = "SEZM_KERNELS", "off"

_FILE_NAMES = {"win32": "sezm_kernels.dll", "darwin": "libsezm_kernels.dylib"}


def kernel_library() -> Path | None:
    """Path of the library, or None to run stock operators.

    The variable ``SEZM_KERNELS`` holds a path, or "off"; without it, the library in this package is
    taken, if there is one. No file of a model has a say.

    Raises:
        SezmError: the variable names a file that does not exist.
    """
    given = os.environ.get(VARIABLE, "")
    if given == OFF:
        return None
    if given:
        path = Path(given)
        if not path.is_file():
            raise SezmError(
                f"{VARIABLE} is {given!r}, and there is no such file; give the path of a library, "
                f"or {OFF!r} for none."
            )
        return path.resolve()
    name = _FILE_NAMES.get(sys.platform, "libsezm_kernels.so")
    packaged = Path(__file__).resolve().parent / "_kernels" / name
    return packaged if packaged.is_file() else None


def computes_messages(library: Path, functions: Iterable[str]) -> bool:
    """Whether kernels of this library compute messages of atoms: they are most of the work then.

    Args:
        library: one that ONNX Runtime has loaded.
        functions: names of the functions of a file.
    """
    try:
        ask = ctypes.CDLL(str(library)).sezm_computes_messages
    except AttributeError:  # a library of before this question
        return False
    return any(ask(name.encode()) for name in functions)
