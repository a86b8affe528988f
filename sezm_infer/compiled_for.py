"""What the native code of a compiled file is bound to, and whether this machine offers it."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")

_USED_BY_COMPILERS = re.compile(r"(pni|s?sse|avx|amx|fma|f16c|bmi|abm|popcnt|movbe|adx|gfni)")
"""How x86 features begin that a compiler uses unasked; others need code written for them."""


@dataclass(frozen=True)
class CompiledFor:
    """Where a compiled file runs, and what runs elsewhere.

    Attributes:
        torch: version, without the part that names its build ("2.13.0").
        device: "cpu".
        system, machine: as Python's ``platform`` names them ("Linux", "x86_64").
        cpu_features: those of the CPU it was compiled on, as Linux lists them; none elsewhere.
        portable_file: name of an ONNX file of the same model, in the same folder.
    """

    torch: str
    device: str
    system: str
    machine: str
    cpu_features: tuple[str, ...]
    portable_file: str


def compiled_here(portable_file: str) -> CompiledFor:
    """The record of a file that is compiled on this machine, by the installed torch."""
    return CompiledFor(
        torch=torch_version() or "",
        device="cpu",
        system=platform.system(),
        machine=platform.machine(),
        cpu_features=cpu_features(),
        portable_file=portable_file,
    )


def obstacle(wanted: CompiledFor, device: str) -> str | None:
    """Why a file cannot run here on ``device``; None if it can.

    Returns:
        both sides of the difference: "it was compiled for torch 2.13.0, and here is torch 2.12.1".
    """
    here = compiled_here(wanted.portable_file)
    pairs = (
        (f"torch {wanted.torch}", f"torch {here.torch}" if here.torch else "no torch"),
        (wanted.system, here.system),
        (wanted.machine, here.machine),
        (f"device {wanted.device}", f"device {device}"),
    )
    for theirs, ours in pairs:
        if theirs != ours:
            return f"it was compiled for {theirs}, and here is {ours}"
    missing = [name for name in wanted.cpu_features if name not in here.cpu_features]
    if missing:
        return f"it was compiled for a CPU with {' '.join(missing)}, which this one lacks"
    return None


def torch_version() -> str | None:
    """Version of the installed torch, which is not imported for it; None if there is none."""
    try:
        return version("torch").split("+")[0]
    except PackageNotFoundError:
        return None


def cpu_features(cpu_info: Path = _CPU_INFO) -> tuple[str, ...]:
    """Instruction sets of this CPU, sorted; () where Linux does not list them."""
    try:
        text = cpu_info.read_text()
    except OSError:
        return ()
    line = re.search(r"^(flags|Features)\s*:(.*)$", text, re.MULTILINE)
    if line is None:
        return ()
    names = set(line[2].split())
    if line[1] == "flags":  # x86 lists much else, as bugs and what the kernel makes of them
        names = {name for name in names if _USED_BY_COMPILERS.match(name)}
    return tuple(sorted(names))
