"""DeePMD-kit's backend-neutral files give its numbers; others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from deviation_log import note_file_form
from neutral_files import NEUTRAL, write_neutral_file
from random_checkpoint import build_checkpoint
from recorded import FLOAT64_TOLERANCE, assert_agrees, recorded
from sezm_models import CheckpointError, checkpoint_heads, read_checkpoint
from sezm_models.sezm.summary import summary
from stored import assert_same, read, results


@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_files_equal_the_trainer(name: str, tmp_path: Path) -> None:
    net = read_checkpoint(write_neutral_file(name, tmp_path / "model.any"), torch.float64)
    for system in ("skewed5", "molecule9"):
        case = recorded(NEUTRAL[name], system)
        assert_agrees(results(net, case), case, FLOAT64_TOLERANCE)
    note_file_form("backend-neutral file (`.dp`) of DeePMD-kit's PyTorch or NumPy backend")


def test_neutral_file_is_the_model_of_its_checkpoint(tmp_path: Path) -> None:
    net = read_checkpoint(write_neutral_file("zbl", tmp_path / "model.dp"))
    checkpoint = read(build_checkpoint("zbl"))
    assert_same(net, checkpoint)
    assert net.config.window == checkpoint.config.window
    assert net.dtype == torch.float32


def test_neutral_file_is_summarised_as_its_checkpoint(tmp_path: Path) -> None:
    """Though every default is resolved in it."""
    net = read_checkpoint(write_neutral_file("mini", tmp_path / "model.dp"))
    about = summary(net.config)
    assert about == summary(read(build_checkpoint("mini")).config)
    assert about["size"] == "Mini"
    assert checkpoint_heads(tmp_path / "model.dp") == ()


def test_the_biases_of_a_sum_of_models_add_up(tmp_path: Path) -> None:
    path = write_neutral_file("exclusions_zbl_numpy", tmp_path / "model.dp")
    before = read_checkpoint(path).energy_bias
    with h5py.File(path, "r+") as file:
        file["variable_0000"][...] += 0.5  # of the sum
        file["variable_0099"][...] += 0.25  # of the pair potential
    assert torch.equal(read_checkpoint(path).energy_bias[:-1], before[:-1] + 0.75)


def test_bfloat16_in_a_neutral_file_is_promoted(tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    with h5py.File(path, "r+") as file:
        for name, dataset in list(file.items()):
            if dataset.dtype == np.float32:  # the way it is written: two bytes of no type
                half = torch.from_numpy(dataset[()]).bfloat16().contiguous()
                del file[name]
                file[name] = half.view(torch.int16).numpy().view("V2")
    found = read_checkpoint(path)
    for x, y in zip(found.parameters(), read(build_checkpoint("tiny")).parameters(), strict=True):
        torch.testing.assert_close(x, y.bfloat16().float(), rtol=0, atol=0)


def test_neutral_file_of_a_newer_form_is_refused(tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    with h5py.File(path, "r+") as file:
        file.attrs["json"] = file.attrs["json"].replace('"@version": 4', '"@version": 5')
    with pytest.raises(CheckpointError, match=r"fitting has version 5, newer .*; update"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "has no record 'json'"),
        ({"json": "{"}, "damaged HDF5 file"),
        ({"json": "[]"}, "not a JSON object"),
        ({"json": '{"model": {"@variables": {"a": "/nothing"}}}'}, "damaged HDF5 file"),
        ({"json": 7}, "'json' is a .*, not a text"),
        ({"json": [1.0, 2.0]}, "'json' is a .*, not a text"),
        ({"json": 2000 * "[" + 2000 * "]"}, "damaged HDF5 file|not a JSON object"),
        ({"json": '{"model": {"@class": "Model", "type": "SeZM"}}'}, "incomplete"),
        ({"json": '{"model": {"@class": "Model", "type": []}}'}, "incomplete"),
        ({"json": '{"model": {"type": "SeZM"}}'}, "supported: checkpoints of DeePMD-kit"),
    ],
)
def test_other_hdf5_files_are_refused(content: dict, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.dp"
    with h5py.File(path, "w") as file:
        file.attrs.update(content)
    with pytest.raises(CheckpointError, match=message) as error:
        read_checkpoint(path)
    assert "model.dp" in str(error.value) and "\n" not in str(error.value)


def point_to(path: Path, name: object) -> None:
    """Put a name in place of that of the first array."""
    with h5py.File(path, "r+") as file:
        text = file.attrs["json"].replace('"/variable_0000"', json.dumps(name))
        assert text != file.attrs["json"]
        file.attrs["json"] = text


@pytest.mark.parametrize(
    "name", [7, True, 1.5, "/", "folder", "nothing", "elsewhere", "files/x", "text"]
)
def test_what_is_no_array_of_the_file_is_refused(name: object, tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.zeros(3)
    with h5py.File(path, "r+") as file:
        file.create_group("folder")
        file["elsewhere"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")
        file["files"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/")
        file["text"] = "a text"
    point_to(path, name)
    with pytest.raises(CheckpointError, match=r"names no array|not numbers|doesn't exist") as error:
        read_checkpoint(path)
    assert "model.dp: a damaged HDF5 file" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", [[], {}, {"a": 1}, ["variable_0001"]])
def test_other_records_of_arrays_are_refused(name: object, tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    point_to(path, name)
    with pytest.raises(CheckpointError, match=r"model\.dp"):
        read_checkpoint(path)


@pytest.mark.parametrize("options", [{}, {"chunks": (2**20,), "compression": "gzip"}])
def test_arrays_far_beyond_the_file_are_refused_unread(options: dict, tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    with h5py.File(path, "r+") as file:
        file.create_dataset("huge", shape=(2**40,), dtype="f8", **options)
    point_to(path, "huge")
    with pytest.raises(CheckpointError, match=r"'huge' of shape \[1099511627776\] is too large"):
        read_checkpoint(path)


def test_truncated_neutral_file_is_refused(tmp_path: Path) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    path.write_bytes(path.read_bytes()[:60000])
    with pytest.raises(CheckpointError, match="damaged HDF5 file"):
        read_checkpoint(path)


def test_neutral_file_without_h5py_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_neutral_file("tiny", tmp_path / "model.dp")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(CheckpointError, match=r"need h5py.*pip install 'sezm-infer\[dp\]'"):
        read_checkpoint(path)
