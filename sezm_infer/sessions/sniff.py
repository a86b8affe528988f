"""What kind of file is this? Told by its content, never by its name."""

from __future__ import annotations

import zipfile
from enum import Enum
from pathlib import Path

from ..contract import METADATA_KEY
from ..errors import SezmError
from ..metadata import Metadata
from . import protobuf

SUPPORTED = (
    "an exported .onnx, .pt or .pt2 file, or a trained model that 'sezm export' reads: a DPA4/SeZM "
    "checkpoint (model.ckpt.pt, model.dp), an eSCN model saved with its options, or a NequIP file "
    "of mlip (model.zip)"
)
_PICKLE_PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

_HDF5 = b"\x89HDF\r\n\x1a\n"


class FileKind(Enum):
    """Kinds of file that a session can be opened from; the value is how messages name them."""

    ONNX = "ONNX"
    TORCHSCRIPT = "TorchScript"
    AOTINDUCTOR = "AOTInductor"
    CHECKPOINT = "checkpoint"


def sniff(path: Path) -> FileKind:
    """Recognise a model file.

    Raises:
        SezmError: missing, a folder, empty, truncated, or of a kind that cannot be run.
    """
    _require_file(path)
    with open(path, "rb") as file:
        head = file.read(64)
    if not head:
        raise SezmError(f"{path}: the file is empty; expected {SUPPORTED}.")
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(path)
    if head.startswith(_PICKLE_PROTOCOLS):
        return FileKind.CHECKPOINT  # torch.save before 1.6; its reader refuses any code
    if head.startswith(_HDF5):
        return FileKind.CHECKPOINT  # DeePMD-kit's .dp; its reader refuses others
    if protobuf.is_onnx_prefix(path):
        return FileKind.ONNX
    raise SezmError(f"{path}: not a model, it looks like {_describe(head)}; expected {SUPPORTED}.")


def require_checkpoint(path: Path) -> None:
    """Refuse what is not a checkpoint before torch is asked to load it.

    Raises:
        SezmError: as :func:`sniff`, or an exported file.
    """
    kind = sniff(path)
    if kind is not FileKind.CHECKPOINT:
        raise SezmError(
            f"{path}: a file in {kind.value} format, not a checkpoint; give the model.ckpt.pt that "
            "the trainer wrote."
        )


def embedded_metadata(path: Path, kind: FileKind) -> Metadata:
    """The record inside an exported file, read without any engine.

    Raises:
        SezmError: the file is damaged, or was not written by ``sezm export``.
    """
    text = _onnx_record(path) if kind is FileKind.ONNX else _zip_record(path)
    if text is None:
        raise SezmError(
            f"{path}: a {kind.value} file, but not one that 'sezm export' wrote (it has no "
            f"{METADATA_KEY}); run 'sezm export' on the checkpoint it came from."
        )
    metadata = Metadata.from_json(text, str(path))
    if (kind is FileKind.AOTINDUCTOR) != (metadata.compiled_for is not None):
        raise SezmError(
            f"{path}: its metadata is not of a file in {kind.value} format; export it again."
        )
    return metadata


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise SezmError(f"{path}: a folder, not a file; expected {SUPPORTED}.")
    if not path.exists():
        raise SezmError(f"{path}: no such file.")


def _sniff_zip(path: Path) -> FileKind:
    members = _zip_members(path)
    inner = {name.split("/", 1)[-1] for name in members}
    if any(name.startswith("code/") for name in inner):
        return FileKind.TORCHSCRIPT
    if any("aotinductor" in name for name in members):
        return FileKind.AOTINDUCTOR
    return FileKind.CHECKPOINT  # of whatever architecture; the readers refuse others


def _zip_members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile:
        raise _damaged(path, "its table of contents is missing") from None


def _zip_record(path: Path) -> str | None:
    suffix = f"/extra/{METADATA_KEY}.json"
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(suffix):
                    return archive.read(name).decode()
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None
    return None


def _onnx_record(path: Path) -> str | None:
    try:
        return protobuf.model_metadata(path).get(METADATA_KEY)
    except protobuf.MalformedError as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, detail: str) -> SezmError:
    return SezmError(f"{path}: truncated or damaged ({detail}); copy or export it again.")


def _describe(head: bytes) -> str:
    if head.startswith(b"\x93NUMPY"):
        return "a NumPy array"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        return "a compressed archive (unpack it first)"
    if all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in head):
        return "text"
    return "binary data of an unknown kind"
