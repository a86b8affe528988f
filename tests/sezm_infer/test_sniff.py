"""Files are recognised by content, and whatever cannot run is refused in one sentence."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from toy_files import toy_metadata

from sezm_infer.errors import SezmError
from sezm_infer.sessions import open_session
from sezm_infer.sessions.protobuf import function_names
from sezm_infer.sessions.sniff import SUPPORTED, FileKind, embedded_metadata, sniff


def test_names_do_not_matter(toy_onnx: Path, toy_torchscript: Path, tmp_path: Path) -> None:
    as_pt, as_onnx = tmp_path / "a.pt", tmp_path / "b.onnx"
    shutil.copy(toy_onnx, as_pt)
    shutil.copy(toy_torchscript, as_onnx)
    assert sniff(as_pt) is FileKind.ONNX
    assert sniff(as_onnx) is FileKind.TORCHSCRIPT


def test_checkpoints_are_recognised_in_both_layouts_of_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    new, old = tmp_path / "new.pt", tmp_path / "old.pt"
    torch.save({"model": {}}, new)
    torch.save({"model": {}}, old, _use_new_zipfile_serialization=False)
    assert sniff(new) is FileKind.CHECKPOINT
    assert sniff(old) is FileKind.CHECKPOINT


def test_metadata_is_read_without_an_engine(toy_file: Path) -> None:
    assert embedded_metadata(toy_file, sniff(toy_file)) == toy_metadata()


UNSUPPORTED = {
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "text": (lambda path: path.write_text("3\nwater\nO 0 0 0\n"), "looks like text"),
    "numpy": (lambda path: np.save(path.open("wb"), np.zeros(3)), "NumPy"),
    "gzip": (lambda path: path.write_bytes(b"\x1f\x8b\x08" + bytes(64)), "unpack it first"),
    "noise": (lambda path: path.write_bytes(bytes(range(128, 256))), "unknown kind"),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_other_files_are_refused_by_what_they_are(kind: str, tmp_path: Path) -> None:
    write, message = UNSUPPORTED[kind]
    path = tmp_path / "model.pt"
    write(path)
    with pytest.raises(SezmError, match=message) as caught:
        sniff(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SezmError, match="no such file"):
        sniff(tmp_path / "model.onnx")


@pytest.mark.parametrize("fraction", [0.02, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(toy_file: Path, fraction: float, tmp_path: Path) -> None:
    content = toy_file.read_bytes()
    path = tmp_path / "model"
    path.write_bytes(content[: int(len(content) * fraction)])
    with pytest.raises(SezmError, match=r"truncated or damaged|not a model|not one that"):
        embedded_metadata(path, sniff(path))


def test_onnx_files_of_others_are_refused_with_the_remedy(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    text = '<ir_version: 10, opset_import: ["" : 18]> g (float[N] x) => (float[N] y) { y = Neg(x) }'
    path = tmp_path / "other.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    with pytest.raises(SezmError, match=r"not one that 'sezm export' wrote.*run 'sezm export'"):
        embedded_metadata(path, sniff(path))


def test_functions_are_read_without_an_engine(toy_onnx: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    text = """
        <ir_version: 8, opset_import: ["" : 18, "sezm" : 1]>
        g (float[N] x) => (float[N] y) { y = sezm.Rows_0(x) }
        <domain: "sezm", opset_import: ["" : 18]> Rows_0 (a) => (b) { b = Neg(a) }
        <domain: "sezm", opset_import: ["" : 18]> EdgeMessages_2_1 (a) => (b) { b = Neg(a) }
    """
    path = tmp_path / "functions.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    assert function_names(path) == {"Rows_0", "EdgeMessages_2_1"}
    assert function_names(toy_onnx) == set()
    data = path.read_bytes()
    assert data.count(b"\x0a\x06Rows_0") == 1  # field 1 of the function: its name
    path.write_bytes(data.replace(b"\x0a\x06Rows_0", b"\xff\xffRows_0"))
    assert function_names(path) == {"", "EdgeMessages_2_1"}


def test_torchscript_files_of_others_are_refused_with_the_remedy(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "frozen.pth"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    with pytest.raises(SezmError, match="not one that 'sezm export' wrote"):
        embedded_metadata(path, sniff(path))


def test_other_zip_archives_may_be_of_any_family_and_are_refused_by_name(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "letters.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "hello")
    with pytest.raises(SezmError, match=r"it holds 'letter\.txt'.*SeZM.*eSCN.*NequIP"):
        open_session(path)


def test_messages_name_every_family_of_models() -> None:
    pytest.importorskip("torch")
    from sezm_models.families import FAMILIES

    assert all(family.name in SUPPORTED for family in FAMILIES)


def test_a_plain_pickle_counts_as_checkpoint_and_is_not_loaded_here(tmp_path: Path) -> None:
    path = tmp_path / "code.pt"
    path.write_bytes(pickle.dumps({"model": Path("x")}))
    assert sniff(path) is FileKind.CHECKPOINT
