"""The programs of a staged file (``sezm_infer/staged_contract.py``) as functions of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import torch
from sezm_models.stage_result import StageResult
from torch import Tensor

from sezm_infer.contract import CONDITIONING_AXES
from sezm_infer.errors import SezmError
from sezm_infer.staged_contract import Program, StageWidths, program_signature

from .flat_function import MODEL_INPUTS, EnergyModel, masked

Tensors = tuple[Tensor, ...]

Shapes = tuple[tuple[int, ...], ...]
"""Of several tensors, without their first axis."""


class StagedModel(EnergyModel, Protocol):
    """A model that can be evaluated in stages; see ``sezm_models/stage_result.py``."""

    n_stages: int

    def stage(
        self, index: int, n_own: int, carried: Tensors, received: Tensors, **inputs: Tensor
    ) -> StageResult | Tensor:
        """One stage; the last gives energies [N] float64."""
        ...


class StageFunctions:
    """All programs of a model.

    Args:
        model: to be cut.

    Raises:
        SezmError: the model has no stages, or forces that are not the derivative of its energy.
    """

    def __init__(self, model: EnergyModel) -> None:
        if not hasattr(model, "n_stages"):
            why = " (every atom counts for every other)" if model.whole_system else ""
            raise SezmError(
                f"this {model.family} model cannot be cut into stages{why}; export it without "
                "--staged."
            )
        self.model = cast(StagedModel, model)
        self._handed_on = _shapes_handed_on(self.model)

    @property
    def widths(self) -> tuple[StageWidths, ...]:
        """What each stage but the last hands on."""
        return tuple(
            StageWidths(_total_width(carried), _total_width(sent))
            for carried, sent in self._handed_on
        )

    def program(self, program: Program) -> Callable[..., Tensors]:
        """Function of the program's inputs, in their order, that gives its outputs."""
        specs = program_signature(program, self.widths, self.model.conditioning)
        names = [spec.name for spec in specs.inputs]

        def function(*inputs: Tensor) -> Tensors:
            named = dict(zip(names, inputs, strict=True))
            if program.backwards:
                results = self._backwards(program.stage, named)
            else:
                results = self._forwards(program.stage, named)
            return tuple(
                results[spec.name] if spec.name in results else _absent(spec.shape, named)
                for spec in specs.outputs
            )

        return function

    def _forwards(self, stage: int, named: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.no_grad():
            handed_on = self._results(stage, named)
        return {name: tensor for name, tensor in handed_on.items() if tensor.shape[1] > 0}

    def _backwards(self, stage: int, named: dict[str, Tensor]) -> dict[str, Tensor]:
        names = ["edge_vec", "carried", "received", "spins"]
        leaves = {
            name: named[name].detach().requires_grad_()
            for name in names
            if name in named and named[name].shape[1] > 0
        }
        results = self._results(stage, named | leaves)
        if "atom_energy" in results:
            energy = masked(results["atom_energy"], named["atom_mask"])
            outputs, seeds = [energy], [torch.ones_like(energy)]
        else:
            energy = None
            outputs = [results[name] for name in results if results[name].shape[1] > 0]
            seeds = [named[f"{name}_grad"] for name in results if results[name].shape[1] > 0]
        gradients = _gradients(outputs, list(leaves.values()), seeds)
        by_name = {f"{name}_grad": grad for name, grad in zip(leaves, gradients, strict=True)}
        return by_name if energy is None else by_name | {"atom_energy": energy.detach()}

    def _results(self, stage: int, named: dict[str, Tensor]) -> dict[str, Tensor]:
        """Of one stage: flat ``new_carried`` and ``sent``, or ``atom_energy``."""
        inputs = {name: named[name] for name in (*MODEL_INPUTS, *self.model.conditioning)}
        carried: Tensors = ()
        received: Tensors = ()
        if stage > 0:
            shapes = self._handed_on[stage - 1]
            carried = _unpacked(named["carried"], shapes[0])
            received = _unpacked(named["received"], shapes[1])
        n_own = named["atom_mask"].shape[0]
        result = self.model.stage(stage, n_own, carried, received, **inputs)
        if not isinstance(result, StageResult):
            return {"atom_energy": result}
        like = named["edge_vec"]
        return {"new_carried": _packed(result.carried, like), "sent": _packed(result.sent, like)}


def _shapes_handed_on(model: StagedModel) -> list[tuple[Shapes, Shapes]]:
    """Shapes per atom of carried and sent tensors of each stage but the last."""
    inputs = {
        "atomic_numbers": torch.zeros(1, dtype=torch.int64),
        "batch": torch.zeros(1, dtype=torch.int64),
        "natoms": torch.ones(1, dtype=torch.int64),
        "edge_index": torch.zeros((2, 1), dtype=torch.int64),
        "edge_vec": torch.full((1, 3), model.cutoff, dtype=model.dtype),
    }
    for name in CONDITIONING_AXES:
        if name in model.conditioning:
            inputs[name] = torch.zeros((1, model.conditioning[name]), dtype=model.dtype)
    handed_on = []
    result: StageResult | Tensor = StageResult((), ())
    with torch.no_grad():
        for stage in range(model.n_stages - 1):
            assert isinstance(result, StageResult)
            result = model.stage(stage, 1, result.carried, result.sent, **inputs)
            assert isinstance(result, StageResult)
            handed_on.append((_shapes(result.carried), _shapes(result.sent)))
    return handed_on


def _shapes(tensors: Tensors) -> Shapes:
    return tuple(tuple(tensor.shape[1:]) for tensor in tensors)


def _total_width(shapes: Shapes) -> int:
    return sum(torch.Size(shape).numel() for shape in shapes)


def _packed(tensors: Tensors, like: Tensor) -> Tensor:
    """[N, ...] each to one [N, width]."""
    if not tensors:
        return like.new_zeros((0, 0))
    return torch.cat([tensor.flatten(1).to(like.dtype) for tensor in tensors], 1)


def _unpacked(flat: Tensor, shapes: Shapes) -> Tensors:
    """The inverse of :func:`_packed`."""
    widths = [torch.Size(shape).numel() for shape in shapes]
    parts = flat.split(widths, 1) if widths else ()
    return tuple(part.unflatten(1, shape) for part, shape in zip(parts, shapes, strict=True))


def _absent(shape: tuple[int | str, ...], named: dict[str, Tensor]) -> Tensor:
    """An output that the program does not have."""
    dtype = torch.float64 if len(shape) == 1 else named["edge_vec"].dtype
    return torch.zeros([0] * len(shape), dtype=dtype)


def _gradients(outputs: list[Tensor], leaves: list[Tensor], seeds: list[Tensor]) -> list[Tensor]:
    """Of the outputs times their seeds; zero for a leaf that no output depends on."""
    pairs = [(out, seed) for out, seed in zip(outputs, seeds, strict=True) if out.requires_grad]
    if not pairs:
        return [torch.zeros_like(leaf) for leaf in leaves]
    used, weights = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    gradients = torch.autograd.grad(used, leaves, weights, materialize_grads=True)
    return [gradient.detach() for gradient in gradients]
