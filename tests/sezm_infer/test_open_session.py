"""One call opens every kind of file; what does not fit is refused."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ase
import numpy as np
import pytest
from toy_files import toy_metadata, toy_reference, write_toy_onnx, write_toy_torchscript

from sezm_infer import SezmError, evaluate, open_session
from sezm_infer.sessions.torchscript import require_torch


def test_all_formats_compute_the_toy_potential(toy_file: Path, structure: ase.Atoms) -> None:
    (found,) = evaluate(open_session(toy_file), [structure])
    if structure.cell.volume > 1e12:
        structure.cell[:] = np.diag([1e3, 1e3, 10])  # fewer images for the reference to visit
    energy, forces, virial = toy_reference(structure)
    assert found.energy == pytest.approx(energy, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(found.forces, forces, atol=1e-12, rtol=0)
    np.testing.assert_allclose(found.virial, virial, atol=1e-12, rtol=0)


@pytest.mark.parametrize("write", [write_toy_onnx, write_toy_torchscript])
def test_float32_files_get_float32_inputs(write, crystal: ase.Atoms, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    session = open_session(write(tmp_path / "toy32", toy_metadata("float32")))
    energy, forces, _ = toy_reference(crystal)
    (found,) = evaluate(session, [crystal])
    assert found.energy == pytest.approx(energy, rel=1e-6)
    np.testing.assert_allclose(found.forces, forces, atol=1e-5 * np.abs(forces).max(), rtol=0)
    assert found.forces.dtype == np.float64


def test_threads_do_not_change_results(toy_file: Path, crystal: ase.Atoms) -> None:
    one, two = (evaluate(open_session(toy_file, threads=n), [crystal])[0] for n in (1, 2))
    np.testing.assert_allclose(one.forces, two.forces, atol=1e-13, rtol=0)


def test_missing_models_are_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(SezmError, match="no such file, and no bundled model of that name"):
        open_session(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "gpu"}, "device 'gpu' is unknown"),
        ({"device": "cuda"}, "device 'cuda'"),
        ({"threads": 0}, "threads is 0"),
        ({"dtype": "float32"}, "computes in float64 since its export"),
        ({"head": "water"}, "holds one head"),
    ],
)
def test_arguments_that_do_not_fit_the_file_are_refused(
    toy_file: Path, arguments: dict[str, str | int], message: str
) -> None:
    with pytest.raises(SezmError, match=message):
        open_session(toy_file, **arguments)  # type: ignore[arg-type]


def test_the_dtype_of_the_file_may_be_named(toy_file: Path) -> None:
    assert open_session(toy_file, dtype="float64").metadata.dtype == "float64"


def test_files_of_a_newer_format_are_refused(tmp_path: Path) -> None:
    import onnx

    path = write_toy_onnx(tmp_path / "toy.onnx")
    model = onnx.load(path)
    entry = model.metadata_props[0]
    entry.value = entry.value.replace('"format_version": 1', '"format_version": 2')
    onnx.save(model, path)
    with pytest.raises(SezmError, match=r"format version 2.*update sezm-infer"):
        open_session(path)


def test_an_onnx_file_with_a_damaged_graph_is_one_sentence(tmp_path: Path) -> None:
    import onnx

    path = write_toy_onnx(tmp_path / "toy.onnx")
    model = onnx.load(path)
    model.graph.node[0].op_type = "NoSuchOperator"
    onnx.save(model, path)
    with pytest.raises(SezmError, match="ONNX Runtime cannot load it") as caught:
        open_session(path)
    assert "\n" not in str(caught.value)


class _Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return Path.touch, (self.path,)


def test_a_pickle_with_code_is_refused_and_the_code_does_not_run(tmp_path: Path) -> None:
    pytest.importorskip("sezm_export.eager")
    torch = pytest.importorskip("torch")
    trap = tmp_path / "trap"
    plain, saved = tmp_path / "plain.pt", tmp_path / "saved.pt"
    plain.write_bytes(pickle.dumps(_Malicious(trap)))
    torch.save({"model": _Malicious(trap)}, saved)
    for path in (plain, saved):
        with pytest.raises(SezmError) as caught:
            open_session(path)
        assert "\n" not in str(caught.value)
    assert not trap.exists()


def test_what_needs_torch_says_so_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SezmError, match=r"pip install 'sezm-infer\[export\]'"):
        require_torch("model.pt: TorchScript files")


NO_TORCH = """
import sys
import ase
from sezm_infer import SezmCalculator
import sezm_infer.cli
atoms = ase.Atoms("OH", positions=[[0, 0, 0], [1, 0, 0]])
atoms.calc = SezmCalculator(sys.argv[1])
atoms.get_forces()
heavy = {"torch", "onnx", "sezm_models", "sezm_export"} & set(sys.modules)
assert not heavy, heavy
assert "vesin" not in sys.modules  # its own import decides whether it supports torch
"""


def test_running_an_onnx_file_imports_no_torch(toy_onnx: Path) -> None:
    subprocess.run([sys.executable, "-c", NO_TORCH, toy_onnx], check=True)


def test_metadata_survives_its_own_json() -> None:
    metadata = replace(toy_metadata(), verification={"largest": 1e-9})
    assert type(metadata).from_json(metadata.to_json(), "file") == metadata
