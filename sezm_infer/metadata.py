"""The JSON record that every exported file carries about itself."""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any

from .compiled_for import CompiledFor
from .contract import FORMAT_VERSION, TensorSpec
from .errors import SezmError
from .metadata_record import check_record

FORMAT_NAME = "sezm-infer"


@dataclass(frozen=True)
class StaticSizes:
    """Sizes of a static-shape file; smaller systems are padded to them.

    Attributes:
        atoms: N, padding included.
        edges: E, padding included.
        systems: B.
    """

    atoms: int
    edges: int
    systems: int = 1


@dataclass(frozen=True)
class StageWidths:
    """Numbers per atom that a stage of a staged file hands on.

    Attributes:
        carried: to the atom's own next stage.
        sent: to the next stage of the atom and its neighbours.
    """

    carried: int
    sent: int


@dataclass(frozen=True)
class Metadata:
    """What an engine has to know of a file; no side file is ever needed.

    Attributes:
        family: architecture, e.g. "sezm".
        configuration: the architecture's own options, as read from the checkpoint.
        elements: chemical symbols that the model knows.
        cutoff: radius of the neighbour list, Angstrom.
        message_passing_steps: how many times information moves by one cutoff.
        dtype: "float32" or "float64", the "real" of the contract.
        static_sizes: None for a file that takes any size.
        inputs, outputs: signature of the graph, in order.
        checkpoint_sha256: digest of the checkpoint file that was exported.
        forces_kind: "conservative" (gradient of the energy) or "direct"; "none" of a
            checkpoint that predicts a property, which no file does.
        input_defaults: values, by name, of extra inputs that a structure may leave out.
        input_values: by name, the values that are known of extra inputs which take no others.
        max_neighbors: how many nearest neighbours of each atom are edges; None for no limit.
        whole_system: every atom's energy depends on all atoms of its system, so that no part of it
            can be computed alone.
        stages: of a staged file, what each stage but the last hands on; None of a file that
            computes everything at once.
        versions: name -> version of the tools that wrote the file.
        verification: what was compared before the file was handed over, and the largest deviations.
        summary: what the model is to its users: size, heads, parameters, unusual options, cost per
            atom.
        compiled_for: of native code, what it is bound to; None for files that run anywhere.
    """

    family: str
    configuration: dict[str, Any]
    elements: tuple[str, ...]
    cutoff: float
    message_passing_steps: int
    dtype: str
    static_sizes: StaticSizes | None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    checkpoint_sha256: str
    forces_kind: str = "conservative"
    input_defaults: dict[str, tuple[float, ...]] = field(default_factory=dict)
    input_values: dict[str, tuple[float, ...]] = field(default_factory=dict)
    max_neighbors: int | None = None
    whole_system: bool = False
    stages: tuple[StageWidths, ...] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    verification: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    compiled_for: CompiledFor | None = None

    def to_json(self) -> str:
        """The record as JSON text."""
        header = {"format": FORMAT_NAME, "format_version": FORMAT_VERSION}
        return json.dumps(header | asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str, path: str) -> Metadata:
        """Read a record found in the file ``path`` (named in errors).

        Raises:
            SezmError: not a record of this format, written by a newer version of it, or with a
                value that the format does not allow.
        """
        record = _parse(text, path)
        if record.pop("format", None) != FORMAT_NAME:
            raise SezmError(f"{path}: its metadata is not of a sezm-infer file; export it again.")
        version = record.pop("format_version", None)
        if isinstance(version, bool) or version != FORMAT_VERSION:
            raise SezmError(
                f"{path}: format version {version}, but this sezm-infer reads version "
                f"{FORMAT_VERSION}; export the checkpoint again, or update sezm-infer."
            )
        keys = {entry.name for entry in fields(cls)}
        required = {entry.name for entry in fields(cls) if _has_no_default(entry)}
        check_record(record, keys, required, path)
        return cls(**_typed(record))


def _parse(text: str, path: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SezmError(f"{path}: its metadata is not JSON ({error}); export it again.") from None
    if not isinstance(record, dict):
        raise SezmError(f"{path}: its metadata is not a JSON object; export it again.")
    return record


def _has_no_default(entry: Field[Any]) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    """JSON lists and objects of a checked record back as tuples, specs and sizes."""
    sizes, stages = record["static_sizes"], record.get("stages")
    bound_to = record.get("compiled_for")
    return record | {
        "elements": tuple(record["elements"]),
        "static_sizes": None if sizes is None else StaticSizes(**sizes),
        "stages": None if stages is None else tuple(StageWidths(**widths) for widths in stages),
        "inputs": tuple(_tensor_spec(spec) for spec in record["inputs"]),
        "outputs": tuple(_tensor_spec(spec) for spec in record["outputs"]),
        **{
            key: {name: tuple(values) for name, values in record.get(key, {}).items()}
            for key in ("input_defaults", "input_values")
        },
        "compiled_for": bound_to and _compiled_for(bound_to),
    }


def _compiled_for(record: dict[str, Any]) -> CompiledFor:
    return CompiledFor(**(record | {"cpu_features": tuple(record["cpu_features"])}))


def _tensor_spec(spec: dict[str, Any]) -> TensorSpec:
    return TensorSpec(**(spec | {"shape": tuple(spec["shape"])}))
