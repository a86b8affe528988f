"""What ``sezm bench --save`` found, kept beside the files: how fast each is on which machine."""

from __future__ import annotations

import json
import os
import platform
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import SezmWarning
from .files import atomic_output

RECORD_NAME = "sezm-bench.json"
FORMAT_NAME = "sezm-bench"
FORMAT_VERSION = 1

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class FileTime:
    """How fast a file is.

    Attributes:
        bytes: size of the file, which tells whether it is still the one that was measured.
        us_per_atom_step: median, microseconds per atom and step.
    """

    bytes: int
    us_per_atom_step: float


@dataclass(frozen=True)
class Run:
    """One comparison of files of one model.

    Attributes:
        machine: as :func:`machine_name` has it.
        device: "cpu", "cuda" or "cuda:N".
        threads: None for each engine's own choice.
        atoms: of the system, the largest if several were measured.
        files: by name.
    """

    machine: str
    device: str
    threads: int | None
    atoms: int
    files: Mapping[str, FileTime]


def machine_name(cpu_info: Path = _CPU_INFO) -> str:
    """Kind and number of processors; machines of the same name are as fast."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", cpu_info.read_text(), re.MULTILINE)
    except OSError:
        found = None
    kind = found[1].strip() if found else platform.processor() or platform.machine()
    return f"{kind}, {os.cpu_count()} processors"


def recorded_times(
    folder: Path, device: str, threads: int | None, exported: Sequence[Path]
) -> dict[str, float] | None:
    """What was measured of files on such a machine, device and number of threads.

    Args:
        folder: where the files lie.
        device: as in :class:`Run`.
        threads: as in :class:`Run`.
        exported: all of them must have been measured, and be the same files still.

    Returns:
        microseconds per atom and step, by name, of these and of others; None without such a record.
    """
    machine = machine_name()
    for run in _read(folder / RECORD_NAME):
        is_same_place = (run.machine, run.device, run.threads) == (machine, device, threads)
        if exported and is_same_place and all(_was_measured(path, run) for path in exported):
            return {name: time.us_per_atom_step for name, time in run.files.items()}
    return None


def save_run(folder: Path, run: Run) -> Path:
    """Write a comparison into a folder, in place of an earlier one of the same files.

    Returns:
        the file.

    Raises:
        SezmError: the folder cannot be written to.
    """
    path = folder / RECORD_NAME
    kept = [earlier for earlier in _read(path) if not _is_replaced(earlier, run)]
    record = {
        "format": FORMAT_NAME,
        "format_version": FORMAT_VERSION,
        "runs": [asdict(one) for one in (run, *kept)],
    }
    with atomic_output(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    return path


def _is_replaced(earlier: Run, run: Run) -> bool:
    same_place = all(
        getattr(earlier, name) == getattr(run, name) for name in ("machine", "device", "threads")
    )
    return same_place and bool(earlier.files.keys() & run.files.keys())


def _was_measured(path: Path, run: Run) -> bool:
    time = run.files.get(path.name)
    return time is not None and time.bytes == path.stat().st_size


def _read(path: Path) -> list[Run]:
    """All runs; a record that cannot be read is as good as none, and is warned of."""
    if not path.is_file():
        return []
    try:
        record = json.loads(path.read_text())
        if (record["format"], record["format_version"]) != (FORMAT_NAME, FORMAT_VERSION):
            raise ValueError("another format, or a newer version of it")
        return [_run(one) for one in record["runs"]]
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        warnings.warn(
            f"{path}: not used, it is no record of 'sezm bench --save' ({error}); measure again, "
            "or remove it.",
            SezmWarning,
            stacklevel=5,
        )
        return []


def _run(record: dict[str, Any]) -> Run:
    files = {
        str(name): FileTime(int(time["bytes"]), float(time["us_per_atom_step"]))
        for name, time in record["files"].items()
    }
    return Run(record["machine"], record["device"], record["threads"], int(record["atoms"]), files)
