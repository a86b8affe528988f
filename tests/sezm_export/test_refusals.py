"""What cannot be exported, or comes out wrong, is refused and leaves nothing behind."""

from __future__ import annotations

import pytest
import torch
from random_checkpoint import write_checkpoint
from sezm_export import EagerSession, check, export, export_model, onnx_operators, onnx_segments
from sezm_export.sizes import FIRST_SAMPLE, SECOND_SAMPLE
from torch import nn
from toy_model import ToyModel

from sezm_infer.errors import SezmError

aten = torch.ops.aten


@pytest.fixture
def model() -> ToyModel:
    return ToyModel(torch.float64)


def assert_empty(folder):
    assert list(folder.iterdir()) == []


def test_wrong_lowering_is_found(tmp_path, model, monkeypatch):
    """ONNX files that compute cos for sin are not handed over."""
    monkeypatch.setitem(
        onnx_operators.TRANSLATIONS,
        aten.sin.default,
        onnx_operators.TRANSLATIONS[aten.cos.default],
    )
    with pytest.raises(SezmError, match=r"(energy|forces) of .*, 1 thread deviates by"):
        export_model(model, tmp_path / "wrong.onnx")
    assert_empty(tmp_path)


def test_error_that_only_some_systems_show_is_found(tmp_path, model, monkeypatch):
    """Sums over systems that all go to the first one."""
    right = onnx_segments.index_add

    def wrong(lowering, node, base, dim, index, rows):
        if index.name == "batch":
            zeros = lowering.builder.op("Mul", "batch", lowering.builder.integer(0))
            lowering.names[index] = zeros
        return right(lowering, node, base, dim, index, rows)

    monkeypatch.setitem(onnx_operators.TRANSLATIONS, aten.index_add.default, wrong)
    with pytest.raises(SezmError, match=r"of batch of two, 1 thread deviates"):
        export_model(model, tmp_path / "wrong.onnx")
    assert_empty(tmp_path)


class _Bessel(ToyModel):
    def forward(self, atomic_numbers, batch, natoms, edge_index, edge_vec):
        energy = super().forward(atomic_numbers, batch, natoms, edge_index, edge_vec)
        return energy + torch.special.i0(energy)


def test_operator_without_translation_is_named(tmp_path):
    with pytest.raises(SezmError, match=r"aten.i0.default, which has no translation to ONNX"):
        export_model(_Bessel(torch.float64), tmp_path / "model.onnx")
    assert_empty(tmp_path)


class _Writing(ToyModel):
    def forward(self, atomic_numbers, batch, natoms, edge_index, edge_vec):
        energy = super().forward(atomic_numbers, batch, natoms, edge_index, edge_vec)
        return energy.clone().mul_(2.0)


def test_operator_that_writes_into_its_argument_is_named(tmp_path):
    with pytest.raises(SezmError, match=r"aten.mul_.Tensor, which writes"):
        export_model(_Writing(torch.float64), tmp_path / "model.pt")
    assert_empty(tmp_path)


BETWEEN_SAMPLES = (FIRST_SAMPLE.atoms + SECOND_SAMPLE.atoms) // 2


class _BySize(ToyModel):
    def forward(self, atomic_numbers, batch, natoms, edge_index, edge_vec):
        energy = super().forward(atomic_numbers, batch, natoms, edge_index, edge_vec)
        return energy * (2.0 if len(energy) > BETWEEN_SAMPLES else 1.0)


def test_graph_that_depends_on_sizes_is_refused(tmp_path):
    with pytest.raises(SezmError, match="depends on the numbers of atoms"):
        export_model(_BySize(torch.float64), tmp_path / "model.pt")
    assert_empty(tmp_path)


class _PerAtom(ToyModel):
    def forward(self, atomic_numbers, batch, natoms, edge_index, edge_vec):
        energy = super().forward(atomic_numbers, batch, natoms, edge_index, edge_vec)
        return energy / len(energy)


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_sizes_may_be_numbers(tmp_path, suffix):
    export_model(_PerAtom(torch.float64), tmp_path / f"model{suffix}")  # proves itself


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("model.pth", "suffix '.pth'"),
        ("model", "suffix ''"),
        ("missing/model.onnx", "does not exist"),
    ],
)
def test_bad_output_is_refused_before_reading(tmp_path, output, message):
    checkpoint = tmp_path / "model.ckpt.pt"
    checkpoint.write_bytes(b"not read")
    with pytest.raises(SezmError, match=message):
        export(checkpoint, tmp_path / output)


def test_checkpoint_is_not_overwritten(tmp_path):
    checkpoint = tmp_path / "model.ckpt.pt"
    checkpoint.write_bytes(b"precious")
    with pytest.raises(SezmError, match="the checkpoint itself"):
        export(checkpoint, checkpoint)
    assert checkpoint.read_bytes() == b"precious"


def test_missing_and_foreign_checkpoints(tmp_path):
    with pytest.raises(SezmError, match="no such"):
        export(tmp_path / "none.pt", tmp_path / "model.onnx")
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pt")
    with pytest.raises(SezmError):
        export(tmp_path / "other.pt", tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_models_without_an_energy_are_refused(tmp_path):
    """By export, and by the session that evaluates checkpoints as they are."""
    checkpoint = tmp_path / "model.ckpt.pt"
    write_checkpoint("property_mean", checkpoint)
    with pytest.raises(SezmError, match="a property, not an energy"):
        export(checkpoint, tmp_path / "model.onnx")
    with pytest.raises(SezmError, match="a property, not an energy"):
        EagerSession(checkpoint)
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("static", [(0, 5), (5, -1)])
def test_bad_static_sizes(tmp_path, static):
    checkpoint = tmp_path / "model.ckpt.pt"
    checkpoint.write_bytes(b"not read")
    with pytest.raises(SezmError, match="static sizes"):
        export(checkpoint, tmp_path / "model.onnx", static=static)


def test_check_wants_a_file_not_a_checkpoint(tmp_path):
    torch.save({"model": {}}, tmp_path / "a.pt")
    with pytest.raises(SezmError, match="a checkpoint; give the exported file"):
        check(tmp_path / "a.pt", tmp_path / "a.pt")
