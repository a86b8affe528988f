"""Operators of models that become functions of ONNX files (``export/FORMAT.md``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from sezm_models import neighbor_slots  # noqa: F401  defines an operator
from sezm_models.escn import edge_messages, points  # noqa: F401  define operators
from sezm_models.sezm import edge_operators, grid_unit_operators  # noqa: F401  define them
from sezm_models.whole_operators import COMPUTE, Compute


@dataclass(frozen=True)
class Operator:
    """An operator, whose arguments are tensors and then numbers.

    Attributes:
        name: of its functions; numbers of the operator in braces tell one from another. The other
            numbers are attributes of calls.
        inputs: for each argument that is a tensor or a list of tensors, its name in functions, and
            what its first axes are: letters of :class:`~sezm_export.onnx_functions.FunctionSizes`,
            "." for a fixed length, which all further axes have.
        numbers: names of its other arguments.
        compute: what it does.
    """

    name: str
    inputs: dict[str, str]
    numbers: tuple[str, ...]
    compute: Compute

    def function(self, numbers: dict[str, int]) -> tuple[str, dict[str, int]]:
        """Name of the function for these numbers, and the attributes of its calls."""
        attributes = {key: n for key, n in numbers.items() if f"{{{key}}}" not in self.name}
        return self.name.format_map(numbers), attributes


def _operator(operator: str, name: str, inputs: dict[str, str]) -> tuple[Any, Operator]:
    overload = getattr(torch.ops.sezm, operator).default
    numbers = tuple(argument.name for argument in overload._schema.arguments[len(inputs) :])
    return overload, Operator(name, inputs, numbers, COMPUTE[operator])


_INDEX = {"source": "S", "target": "R", "source_slot": "T", "source_atom": "Q"}
_EDGES = {"features": "A", "wigner": "S", "radial": "S", "weight": "S"}

_ESCN = {
    "source": "E",
    "target": "E",
    "features": "A",
    "edge_features": "E",
    "wigner": "E",
    "weight": "E",
    "to_grid": "",
    "from_grid": "",
    "weights": "",
}

OPERATORS: dict[Any, Operator] = dict(
    [
        _operator("edge_messages", "EdgeMessages_{lmax}_{mmax}", _INDEX | _EDGES | {"layer": ""}),
        _operator(
            "edge_messages_grad",
            "EdgeMessagesGrad_{lmax}_{mmax}",
            _INDEX | {"grad_sums": "A"} | _EDGES | {"saved": "S", "layer": ""},
        ),
        _operator(
            "grid_unit", "GridUnit_{n_inputs}_{lmax}_{kmax}", {"features": "N", "weight": ""}
        ),
        _operator(
            "grid_unit_grad",
            "GridUnitGrad_{n_inputs}_{lmax}_{kmax}",
            {"grad": "N", "features": "N", "saved": ".N", "weight": ""},
        ),
        _operator("escn_messages", "EscnMessages_{degree}_{lmax}_{mmax}", _ESCN),
        _operator(
            "escn_points",
            "EscnPoints",
            {"features": "N", "to_grid": "", "weight": "", "from_grid": ""},
        ),
        _operator(
            "neighbor_slots",
            "NeighborSlots",
            {"source": "E", "target": "E", "atoms": "A", "targets": "N"},
        ),
    ]
)
