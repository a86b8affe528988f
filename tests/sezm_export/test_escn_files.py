"""eSCN files of fairchem go through export, with forces labelled as direct."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import onnx
import pytest
import torch
from agreement import assert_agree
from ase.calculators.calculator import PropertyNotImplementedError
from click.testing import CliRunner
from escn_models import DATA, escn, escn_content, fairchems_inputs
from nequip_cases import write_case
from random_inputs import random_inputs
from sezm_export import EagerSession, check, export
from sezm_export.describe import describe
from sezm_export.formats import format_of
from sezm_export.load import load_model
from sezm_export.simplify_graph import simplify_graph
from sezm_export.summarise import describe_checkpoint
from sezm_export.trace import trace
from sezm_export.variant import variant_of
from sezm_models.escn.energy_model import ESCNEnergyModel

from sezm_infer import SezmCalculator
from sezm_infer.cli import main
from sezm_infer.errors import SezmError
from sezm_infer.sessions import Session, open_session

TOLERANCE = 1e-10
"""Relative to the largest value."""

SIZES = ((1, 0, 1), (2, 1, 1), (30, 400, 1), (3, 7, 2), (24, 500, 3))  # N, E, B


def assert_fairchems(session: Session, name: str) -> None:
    """What fairchem computed with the matrices that the session is given."""
    found = session.run(fairchems_inputs(name))
    with np.load(DATA / "escn.npz") as recorded:
        for output in ("energy", "forces"):
            expected = recorded[f"{name}/{output}"]
            assert np.abs(found[output] - expected).max() <= TOLERANCE * np.abs(expected).max()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "any.name"
    torch.save(escn_content("l2m2", torch.float32), path)
    return path


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_files_equal_the_checkpoint_at_all_sizes(suffix: str, checkpoint: Path) -> None:
    file = checkpoint.with_suffix(suffix)
    metadata = export(checkpoint, file, dtype="float64")
    assert metadata.family == "escn" and metadata.forces_kind == "direct"
    assert [spec.name for spec in metadata.outputs] == ["energy", "forces", "atom_energy"]
    session, eager = open_session(file), EagerSession(checkpoint, dtype="float64")
    for seed, sizes in enumerate(SIZES):
        inputs = random_inputs(*sizes, dtype="float64", seed=seed, sort=False)
        assert_agree(session.run(inputs), eager.run(inputs), inputs)


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
@pytest.mark.parametrize("name", ["l2m2", "l3m1"])
def test_files_that_take_wigner_matrices_compute_what_fairchem_does(
    name: str, suffix: str, tmp_path: Path
) -> None:
    torch.save(escn_content(name), tmp_path / "model.zip")
    file = tmp_path / f"model{suffix}"
    metadata = export(tmp_path / "model.zip", file, wigner="input")
    width = (escn_content(name)["config"]["lmax"] + 1) ** 2
    assert metadata.inputs[-1].shape == ("E", width, width)
    assert_fairchems(open_session(file), name)
    assert check(file, tmp_path / "model.zip")["largest_deviations"]["forces"] < 1e-10
    atoms = ase.Atoms("H2", [(0, 0, 0), (0.8, 0, 0)])
    atoms.calc = SezmCalculator(file)
    with pytest.raises(SezmError, match="export without --wigner input"):
        atoms.get_potential_energy()


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_files_of_default_size_compute_what_fairchem_does(suffix: str, tmp_path: Path) -> None:
    """ONNX Runtime optimises as it does by default."""
    model = ESCNEnergyModel(escn("default"), wigner_input=True)
    file = tmp_path / f"model{suffix}"
    file_format, metadata = format_of(file), describe(model, "")
    file_format.save(file_format.lower(simplify_graph(trace(model)), metadata), metadata, file)
    assert_fairchems(open_session(file), "default")


def test_static_files_take_wigner_matrices_too(tmp_path: Path) -> None:
    torch.save(escn_content("l2m2"), tmp_path / "model.zip")
    file = tmp_path / "model.onnx"
    export(tmp_path / "model.zip", file, wigner="input", static=(20, 300))
    inputs = random_inputs(7, 90, dtype="float64", sort=False)
    inputs["wigner"] = np.random.default_rng(0).normal(size=(90, 9, 9))
    model = variant_of(load_model(tmp_path / "model.zip"), wigner="input")
    expected = EagerSession.from_model(model).run(inputs)
    assert_agree(open_session(file).run(inputs), expected, inputs)


def test_wigner_matrices_are_refused_where_they_make_no_sense(
    checkpoint: Path, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    with pytest.raises(SezmError, match="leave out --wigner input or --forces conservative"):
        export(checkpoint, file, wigner="input", forces="conservative")
    with pytest.raises(SezmError, match="wigner 'output' is unknown; use 'input'"):
        export(checkpoint, file, wigner="output")
    write_case("small", tmp_path / "nequip.zip")
    with pytest.raises(SezmError, match="'nequip' take no Wigner matrices"):
        export(tmp_path / "nequip.zip", file, wigner="input")
    asked = ["export", tmp_path / "nequip.zip", "-o", file, "--forces", "direct"]
    refused = CliRunner().invoke(main, [str(word) for word in asked])
    assert refused.exit_code == 2
    assert "'nequip' have conservative forces alone" in refused.output
    assert not file.exists()


def test_onnx_files_have_no_racing_sums(checkpoint: Path) -> None:
    """https://github.com/microsoft/onnxruntime/issues/18048"""
    file = checkpoint.with_suffix(".onnx")
    export(checkpoint, file)
    assert all(node.op_type != "ScatterND" for node in onnx.load(file).graph.node)
    atoms = ase.Atoms("OH2", [(0, 0, 0), (0.8, 0.5, 0), (-0.8, 0.5, 0.1)])
    atoms.calc = SezmCalculator(file)
    assert np.abs(atoms.get_forces()).max() > 0
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_a_checkpoint_describes_itself_and_refuses_choices_it_has_not(checkpoint: Path) -> None:
    metadata = describe_checkpoint(checkpoint)
    assert metadata.family == "escn" and metadata.max_neighbors == 300
    assert metadata.summary["parameters"] > 0
    with pytest.raises(SezmError, match="no heads to choose"):
        describe_checkpoint(checkpoint, head="water")


def test_other_files_are_told_what_is_supported(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "a.pt")
    with pytest.raises(SezmError, match=r"it holds 'weights'.*DPA4/SeZM.*eSCN"):
        describe_checkpoint(tmp_path / "a.pt")
