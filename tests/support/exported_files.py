"""Exported files of recorded configurations, each written once per test run.

They are written without their usual verification: recorded numbers, or another program, are the
judge. A branch of a multitask configuration is named "CONFIGURATION/BRANCH", a model of another
family "nequip:CASE".
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from nequip_cases import write_case
from recorded import model
from sezm_export.describe import describe
from sezm_export.formats import Format, format_of
from sezm_export.load import load_model
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import SampleSizes
from sezm_export.stage_functions import StageFunctions
from sezm_export.trace import trace
from sezm_export.trace_stages import trace_stages
from shared_folder import shared_folder
from torch import fx

from sezm_infer.files import atomic_output
from sezm_infer.metadata import Metadata, StaticSizes


class ExportedFiles:
    """Files in one folder, written when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(
        self,
        branch: str,
        dtype: str = "float64",
        suffix: str = ".onnx",
        *,
        static: StaticSizes | None = None,
        staged: bool = False,
        atom_virial: bool = False,
    ) -> Path:
        """The file; ``suffix`` chooses its format."""
        sizes = "" if static is None else f"_{static.atoms}_{static.edges}_{static.systems}"
        kind = "_staged" * staged + "_atom_virial" * atom_virial
        name = re.sub("[/:]", ".", branch)
        path = self._folder / f"{name}_{dtype}{sizes}{kind}{suffix}"
        if not path.exists():
            file_format = format_of(path)
            lower = _lowered_staged if staged else _lowered
            lowered, metadata = lower(file_format, branch, dtype, static, atom_virial)
            with atomic_output(path) as temporary:  # another worker may be asked for it as well
                file_format.save(lowered, metadata, temporary)
        return path


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportedFiles:
    """Files that all workers share."""
    return ExportedFiles(shared_folder(tmp_path_factory, "exported"))


def _lowered(
    file_format: Format, branch: str, dtype: str, static: StaticSizes | None, atom_virial: bool
) -> tuple[Any, Metadata]:
    of = _model(branch, dtype)
    metadata = describe(of, "0" * 64, static=static, atom_virial=atom_virial)
    whole = file_format.has_functions and _has_edge_stages(of)
    return file_format.lower(_graph(branch, dtype, static, atom_virial, whole), metadata), metadata


def _lowered_staged(
    file_format: Format, branch: str, dtype: str, static: None, atom_virial: bool
) -> tuple[Any, Metadata]:
    of = _model(branch, dtype)
    stages = StageFunctions(of).widths
    metadata = describe(of, "0" * 64, stages=stages, atom_virial=atom_virial)
    assert file_format.lower_staged is not None
    return file_format.lower_staged(
        _staged_graphs(branch, dtype, file_format.has_functions), metadata
    ), metadata


@lru_cache(maxsize=1)  # all formats of a model are asked for one after the other
def _graph(
    branch: str, dtype: str, static: StaticSizes | None, atom_virial: bool, whole: bool
) -> fx.GraphModule:
    sizes = None
    if static is not None:
        sizes = SampleSizes(static.atoms, static.edges, static.systems, symbolic=False)
    of = _model(branch, dtype)
    return simplify_graph(trace(of, static=sizes, atom_virial=atom_virial, whole=whole))


@lru_cache(maxsize=1)
def _staged_graphs(branch: str, dtype: str, whole: bool) -> list[fx.GraphModule]:
    return trace_stages(StageFunctions(_model(branch, dtype)), whole=whole)


def _has_edge_stages(of: torch.nn.Module) -> bool:
    """Whether it makes a difference that operators are kept whole."""
    return any(getattr(part, "edge_stage", None) is not None for part in of.modules())


def _model(branch: str, dtype: str):
    family, _, case = branch.rpartition(":")
    if family == "nequip":
        return _nequip(case, dtype)
    name, _, head = branch.partition("/")
    return model(name, getattr(torch, dtype), head or None)


@cache
def _nequip(case: str, dtype: str):
    with TemporaryDirectory() as folder:
        return load_model(write_case(case, Path(folder) / "model.zip"), dtype)
