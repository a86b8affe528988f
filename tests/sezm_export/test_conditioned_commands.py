"""The command line on files with extra inputs, magnetic forces and direct forces."""

from __future__ import annotations

import json
from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest
from click.testing import CliRunner, Result
from toy_conditioned import ConditionedToy, DirectToy, MagneticToy

from sezm_infer import evaluate, open_session
from sezm_infer.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def methane() -> ase.Atoms:
    corners = 0.63 * np.array([[0, 0, 0], [1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]])
    return ase.Atoms("CH4", positions=corners, cell=[8.0] * 3, pbc=True)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.extxyz"
    ase.io.write(path, methane())
    return path


@pytest.fixture
def conditioned(tmp_path: Path) -> Path:
    """Two frames; the second leaves charge, spin and frame parameters to the defaults."""
    rng = np.random.default_rng(0)
    frames = [methane(), methane()]
    for atoms in frames:
        atoms.set_array("aparam", rng.normal(size=(5, 2)))
    frames[0].info |= {"charge": -1, "spin": 2, "fparam": [0.1, 0.2, 0.3]}
    path = tmp_path / "conditioned.extxyz"
    ase.io.write(path, frames)
    return path


@pytest.fixture
def magnetic(tmp_path: Path) -> Path:
    atoms = methane()
    atoms.set_array("spins", np.random.default_rng(0).normal(size=(5, 3)))
    path = tmp_path / "magnetic.extxyz"
    ase.io.write(path, atoms)
    return path


def test_info_lists_extra_inputs_and_defaults(toy_file):
    lines = run("info", toy_file(".onnx", "float64", ConditionedToy)).stdout.splitlines()
    rows = {line[:22].strip(): line[22:].strip() for line in lines}
    assert rows["conditioned on"] == (
        "charge_spin (2, default 0,1); fparam (3, default 0.5,-0.25,1); aparam (2)"
    )
    assert rows["neighbours"] == "all within the cutoff"
    lines = run("info", toy_file(".onnx", "float64", DirectToy)).stdout.splitlines()
    rows = {line[:22].strip(): line[22:].strip() for line in lines}
    assert rows["conditioned on"] == "nothing"
    assert rows["neighbours"] == "the 6 nearest of each atom"
    assert rows["forces"] == "direct"


def test_eval_takes_extra_inputs_from_extended_xyz(toy_file, conditioned):
    file = toy_file(".onnx", "float64", ConditionedToy)
    found = json.loads(run("eval", file, conditioned, "--json").stdout)
    structures = ase.io.read(conditioned, ":")
    expected = evaluate(open_session(file), structures)
    assert [one["energy"] for one in found] == [one.energy for one in expected]
    structures[0].info["charge"] = 0
    assert evaluate(open_session(file), structures)[0].energy != expected[0].energy


def test_eval_writes_magnetic_forces(toy_file, magnetic, tmp_path):
    file, output = toy_file(".onnx", "float64", MagneticToy), tmp_path / "out.extxyz"
    assert run("eval", file, magnetic, "-o", output).exit_code == 0
    (expected,) = evaluate(open_session(file), [ase.io.read(magnetic)])
    written = ase.io.read(output).arrays["magnetic_forces"]
    np.testing.assert_allclose(written, expected.magnetic_forces, atol=1e-7, rtol=0)
    assert run("eval", file, output).exit_code == 0  # results do no harm as input


def test_formats_that_drop_spins_are_refused(toy_file, magnetic, tmp_path):
    file, output = toy_file(".onnx", "float64", MagneticToy), tmp_path / "out.traj"
    for arguments in (("eval", file, magnetic), ("md", file, magnetic, "--steps", 1)):
        result = run(*arguments, "-o", output)
        assert result.exit_code == 2
        assert "keeps no" in result.stderr
        assert "use .extxyz" in result.stderr
        assert not output.exists()


def test_eval_of_direct_forces_has_no_stress(toy_file, plain, tmp_path):
    file, output = toy_file(".onnx", "float64", DirectToy), tmp_path / "out.extxyz"
    result = run("eval", file, plain, "-o", output, "--json")
    (found,) = json.loads(result.stdout)
    assert set(found) == {"energy", "forces"}
    assert "stress" not in ase.io.read(output).calc.results
    assert run("eval", file, plain).stdout.split()[-1] == "-"  # pressure


def test_md_of_magnetic_models_goes_on_from_its_trajectory(toy_file, magnetic, tmp_path):
    file = toy_file(".onnx", "float64", MagneticToy)
    first, second = tmp_path / "first.extxyz", tmp_path / "second.extxyz"
    assert run("md", file, magnetic, "--steps", 3, "-o", first).exit_code == 0
    result = run("md", file, first, "--steps", 3, "-o", second)
    assert result.exit_code == 0, result.stderr
    assert "warning" not in result.stderr
    spins = ase.io.read(magnetic).arrays["spins"]
    np.testing.assert_array_equal(ase.io.read(second).arrays["spins"], spins)


def test_md_with_direct_forces_warns(toy_file, plain, tmp_path):
    file = toy_file(".onnx", "float64", DirectToy)
    result = run("md", file, plain, "--steps", 2, "-o", tmp_path / "md.extxyz")
    assert result.exit_code == 0, result.stderr
    assert "the energy is not conserved" in result.stderr


def test_md_refuses_missing_and_unwanted_inputs(toy_file, plain, conditioned, tmp_path):
    output = tmp_path / "md.extxyz"
    for kind, structure, message in (
        (ConditionedToy, plain, 'no atoms.arrays["aparam"]'),
        (MagneticToy, conditioned, 'has atoms.arrays["aparam"], which this model does not take'),
    ):
        result = run("md", toy_file(".onnx", "float64", kind), structure, "-o", output)
        assert result.exit_code == 2
        assert message in result.stderr
        assert not output.exists()


@pytest.mark.parametrize("kind", [ConditionedToy, MagneticToy, DirectToy])
def test_bench_times_any_model(toy_file, kind, monkeypatch):
    monkeypatch.setattr("sezm_infer.bench.turns.MIN_SECONDS", 0.0)
    file = toy_file(".onnx", "float64", kind)
    (found,) = json.loads(run("bench", file, "--sizes", 24, "--json").stdout)
    assert found["atoms"] == 24
