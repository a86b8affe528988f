"""Exported files of recorded configurations, each written once per test run."""

from __future__ import annotations

from pathlib import Path

import torch
from recorded import model
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.simplify_graph import simplify_graph
from sezm_export.sizes import SampleSizes
from sezm_export.trace import trace

from sezm_infer.metadata import StaticSizes

ZOO = Path(__file__).resolve().parents[2] / "models/zoo/water_gfn1"


class ExportedFiles:
    """ONNX files in one folder, by configuration and precision."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(
        self,
        configuration: str,
        dtype: str = "float64",
        *,
        static: StaticSizes | None = None,
        atom_virial: bool = False,
    ) -> Path:
        """Write the file unless it is there; "bundled" is the float32 one of the model zoo."""
        if configuration == "bundled":
            return ZOO / "model.onnx"
        name = f"{configuration}_{dtype}_{bool(static)}_{atom_virial}.onnx"
        path = self._folder / name
        if not path.exists():
            whole = model(configuration, getattr(torch, dtype))
            sizes = None
            if static is not None:
                sizes = SampleSizes(static.atoms, static.edges, static.systems, symbolic=False)
            metadata = describe(whole, "0" * 64, static=static, atom_virial=atom_virial)
            graph = simplify_graph(trace(whole, static=sizes, atom_virial=atom_virial))
            file_format = format_of(path)
            file_format.save(file_format.lower(graph, metadata), metadata, path)
        return path
