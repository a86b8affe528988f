"""Files of mlip that are wrong, or not what they seem."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nequip_cases import DATA, record, write_case
from nequip_files import weights, write_file
from random_checkpoint import build_checkpoint
from sezm_models import CheckpointError, checkpoint_heads, nequip, read_checkpoint
from sezm_models.families import family_of
from sezm_models.model_file import ModelFile
from sezm_models.nequip import archive

FIRST_KERNEL = "params#mlip_network#NequipLayer_0#convolution_block#radial_mlp#layers_0#kernel"


def write_changed(path: Path, section: str, **changes: Any) -> Path:
    """The tiny model with other hyperparameters."""
    manifest = record("tiny")
    hyperparameters = manifest["hyperparameters"]
    if section:
        hyperparameters[section] |= changes
    else:
        hyperparameters |= changes
    return write_file(path, hyperparameters, weights(manifest["shapes"]))


def write_members(path: Path, **members: bytes) -> Path:
    """A zip with the members of the tiny file, some replaced."""
    with zipfile.ZipFile(DATA / "nequip_tiny.zip") as given:
        contents = {name: given.read(name) for name in given.namelist()}
    contents |= {name.replace("__", "."): data for name, data in members.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in contents.items():
            target.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("", {"version": "0.1.7"}, r"mlip version 0\.1\.7; files of 0\.2"),
        ("", {"config": None}, "config: expected an object"),
        ("config", {"l_max": -1}, "l_max is -1; expected a whole number"),
        ("config", {"num_rbf": 7}, r"radial_mlp#layers_0#kernel' has shape .*asks for"),
        ("config", {"radial_envelope": "gauss"}, "radial_envelope is 'gauss'; expected one of"),
        ("config", {"num_layers": 2}, "NequipLayer_1.*missing|has 0 weights"),
        ("config", {"target_irreps": "2x1o + 4x0e"}, "by degree, natural parity first"),
        ("config", {"target_irreps": "4x0x"}, "no sum of terms"),
        ("config", {"gate_nonlinearities": {"e": "silu"}}, "an activation for each"),
        ("config", {"use_coulomb_term": True}, "needs long_range_cutoff_angstrom"),
        ("config", {"use_total_charge_embedding": True}, "needs a total_charge_set"),
        ("config", {"experts": 4}, "option 'experts' is not one of mlip 0.2.2"),
        ("config", {"num_species": 2}, "num_species 2 is less than 3"),
        ("dataset_info", {"graph_cutoff_angstrom": None}, "graph_cutoff_angstrom is missing"),
        ("dataset_info", {"graph_cutoff_angstrom": -4.0}, "expected a positive number"),
        ("dataset_info", {"atomic_energies_map": {"0": 1.0}}, "energies by atomic number"),
        ("dataset_info", {"total_charge_set": [0, 100]}, "whole numbers from -100 to 99"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_named(
    tmp_path: Path, section: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        nequip.read(write_changed(tmp_path / "model.zip", section, **changes))


def test_parameters_must_fit(tmp_path: Path) -> None:
    manifest = record("tiny")
    arrays = weights(manifest["shapes"])
    cases = {
        "is missing": {name: a for name, a in arrays.items() if name != FIRST_KERNEL},
        "has no place": arrays | {"params#mlip_network#extra": np.ones(2, np.float32)},
        "not finite": arrays | {FIRST_KERNEL: np.full_like(arrays[FIRST_KERNEL], np.nan)},
        "is not NequIP": {"params#mlip_network#MaceLayer_0#w": np.ones(2, np.float32)},
        "expected floating point": arrays | {FIRST_KERNEL: np.array(["x"])},
    }
    for message, changed in cases.items():
        path = write_file(tmp_path / "model.zip", manifest["hyperparameters"], changed)
        with pytest.raises(CheckpointError, match=message):
            nequip.read(path)


def test_pickles_are_never_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{FIRST_KERNEL: np.array([object()])})  # type: ignore[arg-type]
    path = write_members(tmp_path / "model.zip", params__npz=buffer.getvalue())
    with pytest.raises(CheckpointError, match="dtype object; expected floating point"):
        nequip.read(path)


def test_arrays_larger_than_their_data_are_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (2**40, 2**20)}
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as npz:
        npz.writestr("w.npy", header.getvalue() + bytes(16))
    path = write_members(tmp_path / "model.zip", params__npz=buffer.getvalue())
    with pytest.raises(CheckpointError, match=r"of shape \(1099511627776, 1048576\) has 16 bytes"):
        nequip.read(path)


def test_members_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_JSON_BYTES", 1000)
    path = write_members(tmp_path / "model.zip", hyperparams__json=b" " * 1001)
    with pytest.raises(CheckpointError, match="1001 bytes, more than the 1000"):
        nequip.read(path)


@pytest.mark.parametrize("text", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_damaged_json_is_refused(tmp_path: Path, text: bytes) -> None:
    path = write_members(tmp_path / "model.zip", hyperparams__json=text)
    with pytest.raises(CheckpointError, match=r"damaged|no object"):
        nequip.read(path)


def test_files_that_are_cut_off_are_named_as_what_they_were(tmp_path: Path) -> None:
    data = (DATA / "nequip_tiny.zip").read_bytes()
    path = tmp_path / "model.ckpt"
    for length in range(0, len(data), 701):
        path.write_bytes(data[:length])
        message = "NequIP model of mlip, but damaged or cut off" if length else "not a complete"
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(path)
    path.write_bytes(data[:3000] + bytes(40) + data[3040:])
    with pytest.raises(CheckpointError, match=r"damaged|no place|missing"):
        nequip.read(path)


def test_files_are_recognised_by_content(tmp_path: Path) -> None:
    odd = tmp_path / "model.pt"
    odd.write_bytes((DATA / "nequip_tiny.zip").read_bytes())
    assert family_of(ModelFile(odd)).name == "NequIP"
    torch.save(build_checkpoint("tiny"), tmp_path / "model.zip")
    assert family_of(ModelFile(tmp_path / "model.zip")).name == "DPA4/SeZM"


def test_heads_are_called_by_name_or_number(tmp_path: Path) -> None:
    path = write_case("heads", tmp_path / "model.zip")
    assert [nequip.read(path, head=head).head for head in (None, "a", "b", "1")] == [0, 0, 1, 1]
    assert [head.name for head in checkpoint_heads(path) if head.is_default] == ["a"]
    assert nequip.read(path, head="1").configuration["branch"] == "b"
    for head in ("c", "2", "-1"):
        with pytest.raises(CheckpointError, match="does not exist; the file has a, b, 0, 1"):
            nequip.read(path, head=head)


def test_the_configuration_is_plain_data() -> None:
    model = nequip.read(DATA / "nequip_tiny.zip")
    assert json.loads(json.dumps(model.configuration))["config"]["num_rbf"] == 6
    assert model.configuration["branch"] is None
    assert checkpoint_heads(DATA / "nequip_tiny.zip") == ()
    assert model.elements == ("H", "C", "O")
