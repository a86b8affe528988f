"""Bundled models go by name, and ONNX files come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from sezm_infer import SezmError, zoo


@pytest.fixture
def zoo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of one model in both formats, one checkpoint, and an empty folder."""
    folder = tmp_path / "zoo"
    for name in ("both/model.onnx", "both/model.ckpt.pt", "plain/model.ckpt.pt", "empty/card.md"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr(zoo, "_zoo_folder", lambda: folder)
    return folder


def test_every_folder_with_a_model_is_listed(zoo_folder: Path) -> None:
    assert zoo.bundled_models() == {
        "both": zoo_folder / "both" / "model.onnx",
        "plain": zoo_folder / "plain" / "model.ckpt.pt",
    }


def test_a_name_stands_for_its_file_and_a_path_for_itself(zoo_folder: Path) -> None:
    assert zoo.resolve("both") == zoo_folder / "both" / "model.onnx"
    assert zoo.resolve(zoo_folder / "plain" / "model.ckpt.pt").is_file()


def test_other_names_are_refused_with_those_there_are(zoo_folder: Path) -> None:
    with pytest.raises(SezmError, match="there are: both, plain"):
        zoo.resolve("neither")


def test_the_real_zoo_can_be_listed() -> None:
    assert all(path.is_file() for path in zoo.bundled_models().values())
