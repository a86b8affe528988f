"""The metadata of a model, before verification adds its findings."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from sezm_infer.contract import Signature, TensorSpec, signature
from sezm_infer.metadata import Metadata, StageWidths, StaticSizes

from .flat_function import EnergyModel


def describe(
    model: EnergyModel,
    sha256: str,
    *,
    static: StaticSizes | None = None,
    atom_virial: bool = False,
    stages: tuple[StageWidths, ...] | None = None,
    versions: dict[str, str] | None = None,
) -> Metadata:
    """Metadata of a model.

    Args:
        model: what is, or will be, exported.
        sha256: digest of its checkpoint file; "" for a model that has none.
        static: fixed sizes, which then stand in the shapes in place of letters.
        atom_virial: whether the atoms' virials are an output.
        stages: what the stages of a staged file hand on.
        versions: of the tools that write the file.

    Raises:
        SezmError: virials are asked of a model that gives forces directly.
    """
    specs = _signature_of(model, atom_virial)
    return Metadata(
        family=model.family,
        configuration=model.configuration,
        elements=tuple(model.elements),
        cutoff=float(model.cutoff),
        message_passing_steps=model.message_passing_steps,
        dtype=str(model.dtype).removeprefix("torch."),
        static_sizes=static,
        inputs=tuple(_with_sizes(spec, static) for spec in specs.inputs),
        outputs=tuple(_with_sizes(spec, static) for spec in specs.outputs),
        checkpoint_sha256=sha256,
        forces_kind=model.forces_kind,
        input_defaults=dict(model.conditioning_defaults),
        input_values=dict(model.conditioning_values),
        max_neighbors=model.max_neighbors,
        whole_system=model.whole_system,
        stages=stages,
        versions=versions or {},
    )


def _signature_of(model: Any, atom_virial: bool) -> Signature:
    """As the contract has it; a property, which no file holds, is an output of its own."""
    if model.forces_kind != "none":
        return signature(model.conditioning, model.forces_kind, atom_virial=atom_virial)
    shape = ("B", model.task_dim)
    outputs = (TensorSpec(model.property_name, shape, "float64", ""),)
    return Signature(signature(model.conditioning, "conservative").inputs, outputs)


def tool_versions() -> dict[str, str]:
    """Versions of what takes part in writing a file."""
    names = ("sezm-infer", "torch", "onnx", "onnxruntime", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _with_sizes(spec: TensorSpec, static: StaticSizes | None) -> TensorSpec:
    if static is None:
        return spec
    sizes = {"N": static.atoms, "E": static.edges, "B": static.systems}
    return replace(spec, shape=tuple(sizes.get(axis, axis) for axis in spec.shape))  # type: ignore[arg-type]
