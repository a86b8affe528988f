"""``sezm info``: what a file says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..compiled_for import CompiledFor
from ..conditioning import extra_inputs
from ..kernels import kernel_library
from ..metadata import Metadata, StaticSizes
from ..sessions import Options, choose, read_heads, read_metadata
from ..sessions.protobuf import function_names
from ..sessions.sniff import FileKind
from .console import print_json, print_record
from .options import ema_option, head_option, json_option


@click.command(short_help="Show what a model file says of itself.")
@click.argument("model", metavar="MODEL")
@head_option
@ema_option
@json_option
def info(model: str, head: str | None, ema: bool, as_json: bool) -> None:
    """Show what MODEL (an exported file, a checkpoint or a bundled name) says of itself.

    Of a folder, the file that would be run.

    \b
    Example:
      sezm info model.onnx
    """
    if Path(model).is_dir():
        model = str(choose(model, Options(head=head, ema=ema)).file.path)
    if head is None:
        file, heads = read_heads(model)
        if heads:
            _print_heads(file, heads, as_json)
            return
    path, kind, metadata = read_metadata(model, head, ema)
    if as_json:
        print_json(json.loads(metadata.to_json()) | {"file": str(path), "kind": kind.value})
        return
    print_record([*_file_rows(path, kind.value), *_kernel_rows(path, kind), *_model_rows(metadata)])


def _print_heads(path: Path, heads: dict[str, str], as_json: bool) -> None:
    """Of a checkpoint that holds several models, none of them the default."""
    kind = "checkpoint"
    if as_json:
        print_json({"file": str(path), "kind": kind, "heads": heads})
        return
    rows = [(f"  {name}", predicts) for name, predicts in heads.items()]
    print_record([*_file_rows(path, kind), ("heads", "choose one with --head"), *rows])


def _file_rows(path: Path, kind: str) -> list[tuple[str, str]]:
    return [("file", str(path)), ("kind", f"{kind}, {path.stat().st_size / 1e6:.2f} MB")]


def _kernel_rows(path: Path, kind: FileKind) -> list[tuple[str, str]]:
    """What computes the functions of an ONNX file on the CPU."""
    if kind is not FileKind.ONNX:
        return []
    count, library = len(function_names(path)), kernel_library()
    if count == 0:
        return [("kernels", "nothing in this file has any; stock operators")]
    if library is None:
        return [("kernels", f"none; stock operators for its {count} functions")]
    return [("kernels", f"for its {count} functions, from {library}")]


def _model_rows(metadata: Metadata) -> list[tuple[str, str]]:
    return [
        ("family", metadata.family),
        ("elements", _wrapped_elements(metadata.elements)),
        ("cutoff", f"{metadata.cutoff:g} Angstrom"),
        ("neighbours", _neighbors(metadata.max_neighbors)),
        ("message passing", f"{metadata.message_passing_steps} steps"),
        ("precision", metadata.dtype),
        ("sizes", _sizes(metadata.static_sizes)),
        ("stages", _stages(metadata)),
        ("runs on", _bound_to(metadata.compiled_for)),
        ("forces", metadata.forces_kind),
        ("inputs", ", ".join(spec.name for spec in metadata.inputs)),
        ("conditioned on", _conditioning(metadata)),
        ("outputs", ", ".join(spec.name for spec in metadata.outputs)),
        ("checkpoint", f"sha256 {metadata.checkpoint_sha256}"),
        ("written by", ", ".join(f"{name} {v}" for name, v in metadata.versions.items()) or "-"),
        *as_text({"verification": metadata.verification or None}),
        *summary_rows(metadata),
    ]


def summary_rows(metadata: Metadata) -> list[tuple[str, str]]:
    """What kind of model it is and what it costs; the whole configuration without a summary."""
    summary = metadata.summary
    options = summary.get("options")
    rows = []
    if "heads" in summary:
        rows.append(("heads", ", ".join(summary["heads"]) or "one"))
    if "head" in summary:
        parts = (summary["head"], summary.get("spin"))
        rows.append(("predicts", " with spin: ".join(filter(None, parts))))
    if "size" in summary:
        size = summary["size"] or "none of the published ones"
        version = f", version {summary['version']:g}" if "version" in summary else ""
        rows.append(("size", f"{size}{version}"))
    if "parameters" in summary:
        rows.append(("parameters", f"{summary['parameters']:,}"))
    if "cost_per_atom" in summary:
        cost = summary["cost_per_atom"]
        rows += [
            ("multiply-adds", f"{cost['multiply_adds'] / 1e6:.2f} million per atom, forward"),
            ("memory", f"{cost['memory_bytes'] / 1e6:.2f} MB per atom, kept for derivatives"),
            ("", f"with {cost['edges_per_atom']} neighbours of each atom"),
        ]
    if options is None:
        return [*rows, *as_text({"configuration": metadata.configuration})]
    rows.append(("options", "those that differ from their defaults"))
    for section, values in options.items():
        rows += [(f"  {name}", _value_text(value)) for name, value in values.items()] or [
            (f"  {section}", "none")
        ]
    return rows


def _wrapped_elements(elements: tuple[str, ...]) -> str:
    text = " ".join(elements)
    return text if len(elements) <= 10 else f"{text} ({len(elements)})"


def _neighbors(limit: int | None) -> str:
    return "all within the cutoff" if limit is None else f"the {limit} nearest of each atom"


def _conditioning(metadata: Metadata) -> str:
    """Extra inputs, how many numbers each has, and what stands for one that is not given."""
    texts = []
    for name, width in extra_inputs(metadata).items():
        default = metadata.input_defaults.get(name)
        known = metadata.input_values.get(name)
        ending = "" if default is None else f", default {_value_text(default)}"
        ending += "" if known is None else f", one of {_value_text(known)}"
        texts.append(f"{name} ({width}{ending})")
    return "; ".join(texts) or "nothing"


def _sizes(sizes: StaticSizes | None) -> str:
    if sizes is None:
        return "any"
    return f"at most {sizes.atoms} atoms and {sizes.edges} edges, one system per call"


def _stages(metadata: Metadata) -> str:
    if metadata.stages is None:
        return "all at once"
    sent = ",".join(str(stage.sent) for stage in metadata.stages)
    return f"{len(metadata.stages) + 1}, which send {sent} numbers per atom to its neighbours"


def _bound_to(target: CompiledFor | None) -> str:
    if target is None:
        return "any machine"
    return (
        f"torch {target.torch}, {target.system}, {target.machine} with "
        f"{' '.join(target.cpu_features) or 'any features'}; elsewhere runs {target.portable_file}"
    )


def as_text(record: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A nested record as rows; innermost records take one row, others a heading each."""
    rows: list[tuple[str, str]] = []
    for name, value in record.items():
        label = prefix + (name if prefix else name.replace("_", " "))
        if not isinstance(value, Mapping):
            rows.append((label, _value_text(value)))
        elif any(isinstance(inner, Mapping) for inner in value.values()):
            rows += [(label, ""), *as_text(value, prefix + "  ")]
        else:
            rows.append((label, "  ".join(f"{key}={_value_text(v)}" for key, v in value.items())))
    return rows


def _value_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if value and abs(value) < 1e-3 else f"{value:g}"
    if isinstance(value, list | tuple):
        names = any(isinstance(entry, str) for entry in value)
        return ("; " if names else ",").join(_value_text(entry) for entry in value) or "-"
    if value is None:
        return "-"
    return str(value)
