"""Models of users: what they may leave out, what is refused, what is done for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from random_inputs import random_inputs
from sezm_export import EagerSession, export_model
from sezm_export.own_model import completed
from sezm_models.segments import segment_sum
from torch import Tensor, nn

from sezm_infer import SezmError


class Smallest(nn.Module):
    """The least that a model has."""

    elements = ("H", "C", "O")
    cutoff = 4.0
    message_passing_steps = 1

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.species = nn.Embedding(9, 8)
        self.layers = nn.Sequential(nn.Linear(1, 8), *layers)

    def forward(
        self, atomic_numbers: Tensor, edge_index: Tensor, edge_vec: Tensor, **others: Tensor
    ) -> Tensor:
        """Energy of each atom."""
        features = self.species(atomic_numbers.clamp(max=8))
        r = edge_vec.square().sum(1, keepdim=True).sqrt()
        closeness = (1 - r / self.cutoff).clamp(min=0) ** 3
        messages = self.layers(r) * closeness * features.index_select(0, edge_index[0])
        return (features * segment_sum(messages, edge_index[1], len(features))).sum(1)


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
def test_layers_that_models_are_made_of_can_be_exported(suffix: str, tmp_path: Path) -> None:
    layers = [nn.Linear(8, 8), nn.ELU(), nn.LayerNorm(8), nn.LeakyReLU(), nn.Softplus(), nn.SiLU()]
    metadata = export_model(Smallest(*layers).double(), tmp_path / f"model{suffix}")
    assert metadata.dtype == "float64"
    assert metadata.summary["parameters"] == sum(p.numel() for p in Smallest(*layers).parameters())


def test_the_module_itself_stays_as_it_is() -> None:
    model = Smallest(nn.Dropout()).train()
    own = completed(model)
    assert model.training and next(model.parameters()).requires_grad
    assert not next(own.parameters()).requires_grad
    inputs = random_inputs(5, 12, dtype="float32")
    session = EagerSession.from_model(own)
    inputs = {spec.name: inputs[spec.name] for spec in session.metadata.inputs}
    first, second = (session.run(inputs)["energy"] for _ in range(2))
    assert (first == second).all()


def test_elements_that_the_model_does_not_name_give_nan() -> None:
    own: Any = completed(Smallest())
    energy = own(
        torch.tensor([1, 7, 8, 0]),
        edge_index=torch.zeros((2, 0), dtype=torch.int64),
        edge_vec=torch.zeros((0, 3)),
    )
    assert energy.isnan().tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cutoff": None}, r"no attribute 'cutoff'; give it one: Angstrom"),
        ({"message_passing_steps": None}, "no attribute 'message_passing_steps'"),
        ({"elements": ("H", "Q")}, r"elements is \('H', 'Q'\); expected chemical symbols"),
        ({"elements": ()}, r"elements is \(\)"),
        ({"cutoff": -1.0}, r"cutoff is -1.0"),
        ({"cutoff": 3.0}, "beyond the cutoff of 3 Angstrom change the energy by"),
        ({"forces_kind": "direct"}, "forces_kind is 'direct'"),
        ({"configuration": {"a": torch}}, "configuration is not what JSON can hold"),
    ],
)
def test_what_is_missing_or_wrong_is_named(changes: dict[str, Any], message: str) -> None:
    members: dict[str, Any] = {
        "elements": ("H", "O"),
        "cutoff": 4.0,
        "message_passing_steps": 1,
        "__init__": _initialised,
        "forward": _reaching_four_angstrom,
    } | changes
    kind = type("Changed", (nn.Module,), {k: v for k, v in members.items() if v is not None})
    with pytest.raises(SezmError, match=message):
        completed(kind())


def test_parameters_of_two_kinds_are_refused() -> None:
    model = Smallest(nn.Linear(8, 8))
    model.species.double()
    with pytest.raises(SezmError, match=r"dtype torch.float32, torch.float64; all must be"):
        completed(model)


def test_energies_must_be_one_for_each_atom(tmp_path: Path) -> None:
    class Total(Smallest):
        def forward(self, **inputs: Tensor) -> Tensor:
            return super().forward(**inputs).sum()

    with pytest.raises(SezmError, match=r"energies have shape \[\]; they must be one for each"):
        export_model(Total(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([0, 2], r"use a tensor: features.index_select\(1, torch.tensor\(\[0, 2\]\)\)"),
        ([True, False, True], "multiply by the mask instead"),
    ],
)
def test_what_to_use_in_place_of_lists_as_indices(
    index: list, message: str, tmp_path: Path
) -> None:
    class Indexed(Smallest):
        def forward(self, **inputs: Tensor) -> Tensor:
            energy = super().forward(**inputs)
            return torch.stack([energy, energy, energy], 1)[:, index].sum(1)

    with pytest.raises(SezmError, match=message):
        export_model(Indexed(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_no_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SezmError, match=r"a str is no torch.nn.Module"):
        export_model("model.ckpt.pt", tmp_path / "model.onnx")  # type: ignore[arg-type]


def _initialised(self: Any) -> None:
    nn.Module.__init__(self)
    self.scale = nn.Parameter(torch.ones(1))


def _reaching_four_angstrom(
    self: Any, atomic_numbers: Tensor, edge_index: Tensor, edge_vec: Tensor, **others: Tensor
) -> Tensor:
    closeness = (16.0 - edge_vec.square().sum(1)).clamp(min=0)
    return self.scale * segment_sum(closeness, edge_index[1], len(atomic_numbers))
