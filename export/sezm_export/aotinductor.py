"""From the simplified graph to an AOTInductor package: native code for this machine."""

from __future__ import annotations

import copy
import os
import platform
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import torch
from torch import Tensor, fx
from torch._inductor import aoti_compile_and_package
from torch.export import Dim

from sezm_infer.contract import METADATA_KEY, TensorSpec
from sezm_infer.errors import SezmError
from sezm_infer.metadata import Metadata

OPTIONS: dict[str, Any] = {
    "cpp.dynamic_threads": True,  # otherwise the file keeps the number of threads of its export
}

EXAMPLE_SIZES = {"N": 193, "E": 16_007, "B": 2}
"""Of a common system: the compiler judges by them what is worth several threads. Sizes of 0 and 1
would become constants; those that are equal, one size."""

_LARGEST_SIZE = 2**31 - 1


@dataclass(frozen=True)
class Package:
    """What torch has written.

    Attributes:
        path: of the package, without our metadata.
        folder: holds it, as long as this lives.
    """

    path: Path
    folder: TemporaryDirectory[str]


def require_compiler() -> None:
    """Find out before the work whether there is a C++ compiler.

    Raises:
        SezmError: none; names the one looked for.
    """
    default = "clang++" if platform.system() == "Darwin" else "g++"
    compiler = os.environ.get("CXX", default)
    if shutil.which(compiler) is None:
        raise SezmError(
            f"a .pt2 file needs a C++ compiler, and there is no {compiler!r}; install one (Debian: "
            "apt-get install g++), name yours in the variable CXX, or export to .onnx."
        )


def to_aotinductor(module: fx.GraphModule, metadata: Metadata) -> Package:
    """Compile a simplified graph; takes minutes.

    Args:
        module: from :func:`~sezm_export.simplify_graph.simplify_graph`.
        metadata: gives names, shapes and dtypes of the inputs.

    Raises:
        SezmError: the compiler fails.
    """
    folder = TemporaryDirectory(prefix="sezm-")
    path = Path(folder.name, "model.pt2")
    inputs = tuple(_example(spec, metadata) for spec in metadata.inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's, of its own use of itself
        silent = _with_silent_maxima(module)
        program = torch.export.export(silent, inputs, dynamic_shapes=_dynamic_shapes(metadata))
        try:
            aoti_compile_and_package(program, package_path=str(path), inductor_configs=OPTIONS | {})
        except Exception as error:  # the compiler's and those of torch share no narrower base class
            reason = " ".join(str(error).split())[:300]
            raise SezmError(f"torch cannot compile the model ({reason}).") from error
    return Package(path, folder)


def save_aotinductor(package: Package, metadata: Metadata, path: Path) -> None:
    """Write the package with the metadata as ``extra/sezm_metadata.json``, without its sources."""
    with ZipFile(package.path) as source, ZipFile(path, "w") as target:
        for name in source.namelist():
            if not name.endswith(".cpp"):
                target.writestr(name, source.read(name))
        target.writestr(f"{package.path.stem}/extra/{METADATA_KEY}.json", metadata.to_json())


def _with_silent_maxima(module: fx.GraphModule) -> fx.GraphModule:
    """The graph without ``index_reduce``, of which torch warns users, who can do nothing about it.

    Compiled code warns by its own means, which Python's ``warnings`` do not reach.
    """
    graph = copy.deepcopy(module.graph)
    for node in graph.nodes:
        if node.target is torch.ops.aten.index_reduce.default:
            node.target = _scatter_reduce
    return fx.GraphModule(module, graph)


def _scatter_reduce(base: Tensor, dim: int, index: Tensor, values: Tensor, kind: str) -> Tensor:
    """``index_reduce`` along the first axis, by another operator."""
    index = index.reshape(-1, *[1] * (values.dim() - 1)).expand_as(values)
    return torch.scatter_reduce(base, dim, index, values, kind)


def _example(spec: TensorSpec, metadata: Metadata) -> Tensor:
    dtype = metadata.dtype if spec.dtype == "real" else spec.dtype
    shape = [EXAMPLE_SIZES[axis] if isinstance(axis, str) else axis for axis in spec.shape]
    return torch.zeros(shape, dtype=getattr(torch, dtype))


def _dynamic_shapes(metadata: Metadata) -> tuple[dict[int, Any], ...]:
    """Of each input the axes that have any length; none in static files."""
    lengths = {
        letter: Dim(letter, min=least, max=_LARGEST_SIZE)
        for letter, least in (("N", 1), ("E", 0), ("B", 1))
    }
    return tuple(
        {axis: lengths[name] for axis, name in enumerate(spec.shape) if isinstance(name, str)}
        for spec in metadata.inputs
    )
