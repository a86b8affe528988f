"""Averaged weights and backend-neutral files on the command line and in Python."""

from __future__ import annotations

import json
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
import torch
from ase.build import molecule
from click.testing import CliRunner, Result
from file_variants import model_params
from neutral_files import write_neutral_file
from random_checkpoint import build_checkpoint
from stored import with_averages

from sezm_infer import SezmCalculator, SezmError
from sezm_infer.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def energy(model: Path, **options) -> float:
    atoms = molecule("H2O")
    atoms.calc = SezmCalculator(model, **options)
    return atoms.get_potential_energy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary checkpoint with averages, the separate file of them, and its exported file."""
    path = tmp_path_factory.mktemp("averages")
    ordinary, separate = with_averages(build_checkpoint("tiny"))
    torch.save(ordinary, path / "model.ckpt.pt")
    torch.save(separate, path / "model_ema.ckpt.pt")
    ase.io.write(path / "water.extxyz", molecule("H2O"))
    arguments = ("-o", path / "averaged.onnx", "--ema")
    written = run("export", path / "model.ckpt.pt", *arguments)
    assert written.exit_code == 0, written.output
    return path


def test_calculator_takes_either_set_of_weights(folder: Path) -> None:
    checkpoint = folder / "model.ckpt.pt"
    averaged = energy(checkpoint, ema=True, eager=True)
    assert averaged == energy(folder / "model_ema.ckpt.pt") != energy(checkpoint)


def test_exported_file_has_the_averaged_weights(folder: Path) -> None:
    expected = energy(folder / "model_ema.ckpt.pt")
    np.testing.assert_allclose(energy(folder / "averaged.onnx"), expected, rtol=1e-6)


def test_the_exported_file_stands_for_the_averaged_weights_alone(folder: Path) -> None:
    checkpoint = folder / "model.ckpt.pt"
    assert SezmCalculator(checkpoint, ema=True).file == folder / "averaged.onnx"
    assert SezmCalculator(checkpoint).file == checkpoint


def test_eval_takes_averaged_weights(folder: Path) -> None:
    arguments = (folder / "water.extxyz", "--json")
    averaged = run("eval", folder / "model.ckpt.pt", *arguments, "--ema", "--eager")
    separate = run("eval", folder / "model_ema.ckpt.pt", *arguments)
    assert averaged.exit_code == 0
    assert json.loads(averaged.stdout) == json.loads(separate.stdout)


@pytest.mark.parametrize(
    ("arguments", "is_averaged"),
    [
        (("model.ckpt.pt",), False),
        (("model.ckpt.pt", "--ema"), True),
        (("averaged.onnx",), True),
        (("model_ema.ckpt.pt",), False),
    ],
)
def test_info_says_which_weights(folder: Path, arguments: tuple, is_averaged: bool) -> None:
    shown = run("info", folder / arguments[0], *arguments[1:], "--json")
    assert json.loads(shown.stdout)["configuration"]["ema"] is is_averaged


def test_check_compares_with_the_weights_that_the_file_has(folder: Path) -> None:
    arguments = ("check", folder / "averaged.onnx", "--against", folder / "model.ckpt.pt")
    assert run(*arguments, "--ema").exit_code == 0
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "made from the averaged weights of its checkpoint; add --ema" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eval", "model_ema.ckpt.pt", "water.extxyz", "--ema"), "no section 'ema'"),
        (("export", "model_ema.ckpt.pt", "-o", "new.onnx", "--ema"), "no section 'ema'"),
        (("eval", "averaged.onnx", "water.extxyz", "--ema"), "one set of weights"),
    ],
)
def test_averages_that_are_not_there_are_one_line(
    folder: Path, arguments: tuple, message: str
) -> None:
    named = [folder / argument if "." in argument else argument for argument in arguments]
    refused = run(*named)
    assert refused.exit_code == 2 and message in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (folder / "new.onnx").exists()


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of two branches, and the exported file of one that is not the default."""
    path = tmp_path_factory.mktemp("branches")
    torch.save(build_checkpoint("multitask"), path / "model.ckpt.pt")
    arguments = ("-o", path / "water.onnx", "--head", "h2o")
    written = run("export", path / "model.ckpt.pt", *arguments)
    assert written.exit_code == 0, written.output
    return path


@pytest.mark.parametrize("arguments", [(), ("--head", "H2O")])
def test_check_takes_the_head_that_the_file_holds(branches: Path, arguments: tuple) -> None:
    against = ("--against", branches / "model.ckpt.pt")
    checked = run("check", branches / "water.onnx", *against, *arguments)
    assert checked.exit_code == 0, checked.output


def test_check_refuses_another_head(branches: Path) -> None:
    against = ("--against", branches / "model.ckpt.pt", "--head", "other")
    refused = run("check", branches / "water.onnx", *against)
    assert refused.exit_code == 2 and refused.stderr.count("\n") == 1
    assert "made from the head 'water' of its checkpoint, not from 'other'" in refused.stderr


def test_the_exported_file_stands_for_its_head_alone(branches: Path) -> None:
    checkpoint = branches / "model.ckpt.pt"
    assert SezmCalculator(checkpoint, head="water").file == branches / "water.onnx"
    assert SezmCalculator(checkpoint).file == checkpoint  # whose default is the other one


def test_info_says_which_head(branches: Path) -> None:
    for arguments, branch in (
        (("water.onnx",), "water"),
        (("model.ckpt.pt",), "other"),
        (("model.ckpt.pt", "--head", "H2O"), "water"),
    ):
        shown = run("info", branches / arguments[0], *arguments[1:], "--json")
        assert json.loads(shown.stdout)["configuration"]["branch"] == branch


def test_info_lists_heads_of_which_none_is_the_default(tmp_path: Path) -> None:
    checkpoint = build_checkpoint("multitask")
    del model_params(checkpoint)["model_dict"]["other"]["model_branch_alias"]
    path = tmp_path / "model.ckpt.pt"
    torch.save(checkpoint, path)
    shown = run("info", path)
    assert shown.exit_code == 0 and "choose one with --head" in shown.stdout
    heads = json.loads(run("info", path, "--json").stdout)["heads"]
    assert heads == {"water": "energy", "other": "energy"}
    assert run("info", path, "--head", "water").exit_code == 0


def test_a_neutral_file_is_a_checkpoint(tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    torch.save(build_checkpoint("tiny"), tmp_path / "model.ckpt.pt")
    assert energy(path) == energy(tmp_path / "model.ckpt.pt")
    assert json.loads(run("info", path, "--json").stdout)["kind"] == "checkpoint"


def test_another_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    with pytest.raises(SezmError, match="damaged HDF5 file"):
        SezmCalculator(path)
