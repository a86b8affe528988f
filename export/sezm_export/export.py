"""From a checkpoint to a proven file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import fx, nn

from sezm_infer.compiled_for import compiled_here
from sezm_infer.errors import SezmError
from sezm_infer.files import atomic_output, file_digest, require_writable
from sezm_infer.metadata import Metadata, StaticSizes
from sezm_infer.sessions.same_model import is_same_model

from .describe import describe, tool_versions
from .flat_function import EnergyModel
from .formats import format_of
from .load import load_model, own_dtype
from .own_model import completed
from .simplify_graph import simplify_graph
from .sizes import SampleSizes
from .stage_functions import StageFunctions
from .summarise import summarise
from .trace import trace
from .trace_stages import trace_stages
from .variant import variant_of
from .verification import Progress, verify

Graphs = fx.GraphModule | list[fx.GraphModule]
"""Of an ordinary file, or of the programs of a staged one."""


def export(
    checkpoint: str | Path,
    output: str | Path,
    dtype: str | None = None,
    head: str | None = None,
    ema: bool = False,
    static: tuple[int, int] | None = None,
    atom_virial: bool = False,
    staged: bool = False,
    wigner: str | None = None,
    forces: str | None = None,
    progress: Progress | None = None,
) -> Metadata:
    """Write a checkpoint's model as a file that needs none of its code, and prove the file.

    Args:
        checkpoint: trained model.
        output: file to write; its suffix, ``.onnx``, ``.pt`` (TorchScript) or ``.pt2`` (native code
            for this machine), chooses the format. Beside a ``.pt2`` file an ``.onnx`` file of the
            same name is written, for other machines.
        dtype: "float32" or "float64"; None for the checkpoint's own.
        head: branch of a multitask checkpoint.
        ema: take the averaged weights that the checkpoint carries beside its own.
        static: fixed numbers of atoms and edges; None for a file that takes any.
        atom_virial: the file also gives the virial of each atom.
        staged: the model in stages, for simulations on many ranks; see ``staged_contract``.
        wigner: "input" for a file that takes the Wigner matrices of edges as an input.
        forces: "conservative" or "direct", of models that have both; None for their own.
        progress: called with a sentence at each step.

    Returns:
        the metadata in the file, with the largest deviations from the checkpoint.

    Raises:
        SezmError: bad arguments, found before anything is computed; a checkpoint that cannot be
            read or exported; a file that deviates from the checkpoint. Nothing is written then.

    Example:
        >>> export("model.ckpt.pt", "model.onnx")  # doctest: +SKIP
    """
    checkpoint, output = Path(checkpoint), Path(output)
    _check_paths(checkpoint, output)
    _check_static(static)
    own = load_model(checkpoint, dtype, head, ema)
    model = variant_of(own, wigner=wigner, forces=forces)
    asked_for = {
        "dtype": dtype if dtype and dtype != own_dtype(checkpoint, head, ema) else None,
        "head": model.configuration.get("branch") if head else None,
        "forces": model.forces_kind if model.forces_kind != own.forces_kind else None,
    }
    return export_model(
        model,
        output,
        sha256=file_digest(checkpoint),
        asked_for={option: value for option, value in asked_for.items() if value},
        static=static,
        atom_virial=atom_virial,
        staged=staged,
        progress=progress,
    )


def export_model(
    model: nn.Module | EnergyModel,
    output: str | Path,
    sha256: str = "",
    *,
    asked_for: dict[str, str] | None = None,
    static: tuple[int, int] | None = None,
    atom_virial: bool = False,
    staged: bool = False,
    progress: Progress | None = None,
) -> Metadata:
    """As :func:`export`, for a model that is loaded already, or one's own.

    Args:
        model: what to export; own ones need three attributes (``docs/own_architecture.md``).
        output: see :func:`export`.
        sha256: digest of its checkpoint file, for the metadata.
        asked_for: options by which it differs from what the checkpoint alone gives.
        static: see :func:`export`.
        atom_virial: see :func:`export`.
        staged: see :func:`export`.
        progress: see :func:`export`.
    """
    model = completed(model)
    output = Path(output)
    report = progress or _silent
    file_format = format_of(output)
    require_writable(output)
    sizes = None if static is None else StaticSizes(*static)
    if static is not None and staged:
        raise SezmError(
            "parts of a system are of any size; export with either --static or --staged."
        )
    if staged and file_format.lower_staged is None:
        raise SezmError(
            f"{output}: files in {file_format.name} format are not staged; use .onnx or .pt."
        )
    functions = StageFunctions(model) if staged else None
    metadata = describe(
        model,
        sha256,
        static=sizes,
        atom_virial=atom_virial,
        stages=None if functions is None else functions.widths,
        versions=tool_versions(),
    )
    metadata = replace(metadata, summary=summarise(model) | {"asked_for": asked_for or {}})
    if not file_format.is_portable:
        _check_portable(output, metadata)
    samples = None if static is None else SampleSizes(*static, systems=1, symbolic=False)

    def written(file: Path) -> Metadata:
        whole = format_of(file).has_functions
        report("tracing the model")
        graph: Graphs
        if functions is not None:
            graph = trace_stages(functions, whole=whole)
        else:
            traced = trace(model, static=samples, atom_virial=atom_virial, whole=whole)
            graph = simplify_graph(traced)
        return _write(graph, model, metadata, file, report)

    if not file_format.is_portable:
        portable = output.with_suffix(".onnx")
        if not is_same_model(portable, metadata):
            written(portable)
        metadata = replace(metadata, compiled_for=compiled_here(portable.name))
    return written(output)


def _write(
    graph: Graphs, model: EnergyModel, metadata: Metadata, output: Path, report: Progress
) -> Metadata:
    """One file, proven before it gets its name."""
    file_format = format_of(output)
    report(f"writing {file_format.name}")
    if isinstance(graph, list):
        assert file_format.lower_staged is not None
        lowered = file_format.lower_staged(graph, metadata)
    else:
        lowered = file_format.lower(graph, metadata)
    with atomic_output(output) as temporary:
        file_format.save(lowered, metadata, temporary)
        findings = verify(temporary, model, metadata, report)
        metadata = replace(metadata, verification=findings)
        file_format.save(lowered, metadata, temporary)
    return metadata


def _check_portable(output: Path, metadata: Metadata) -> None:
    """A file of another model that has the portable file's name is not overwritten."""
    portable = output.with_suffix(".onnx")
    if portable.exists() and not is_same_model(portable, metadata):
        raise SezmError(
            f"{portable}: this is where the portable file of {output.name} belongs, and it is of "
            "another model, precision or head; move it away, or give the new file another name."
        )


def _check_paths(checkpoint: Path, output: Path) -> None:
    """Refuse before any work what could not be written after it."""
    format_of(output)
    if not checkpoint.is_file():
        raise SezmError(f"{checkpoint}: no such checkpoint file.")
    require_writable(output)
    if output.exists() and output.samefile(checkpoint):
        raise SezmError(f"{output}: this is the checkpoint itself; give the new file another name.")


def _check_static(static: tuple[int, int] | None) -> None:
    if static is not None and (len(static) != 2 or min(static) < 1):
        raise SezmError(
            f"static sizes {static} are not two whole numbers above 0, atoms and edges."
        )


def _silent(step: str) -> None:
    """No progress is shown."""
