"""Compiled files of the toy potential, as far as anything looks at them that does not run them."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from toy_files import toy_metadata

from sezm_infer.compiled_for import CompiledFor, compiled_here
from sezm_infer.metadata import Metadata

HERE = compiled_here("toy.onnx")

FOREIGN = {
    "torch": (replace(HERE, torch="1.13.1"), r"torch 1\.13\.1, and here is (no )?torch"),
    "system": (replace(HERE, system="Plan9"), "Plan9, and here is"),
    "machine": (replace(HERE, machine="vax"), "vax, and here is"),
    "cpu": (replace(HERE, cpu_features=("avx9", *HERE.cpu_features)), "CPU with avx9, which this"),
}


def write_package(path: Path, target: CompiledFor | None, metadata: Metadata | None = None) -> Path:
    """A package without code: nothing of it may be needed before a file is refused."""
    record = replace(metadata or toy_metadata(), compiled_for=target).to_json()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data/aotinductor/model/wrapper.so", b"")
        archive.writestr("model/extra/sezm_metadata.json", record)
    return path
