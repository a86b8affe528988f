"""A checkpoint, or a folder, stands for the best of the files there that compute the same."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from click.testing import CliRunner
from model_folders import made_from, write_exported, write_stand_in
from toy_files import toy_metadata, write_toy_onnx
from toy_packages import HERE, write_package

from sezm_infer import SezmCalculator, SezmError, SezmWarning, open_session
from sezm_infer.cli import main
from sezm_infer.metadata import StageWidths, StaticSizes
from sezm_infer.sessions import Options, choose
from sezm_infer.sessions.choose import alternatives

pytestmark = pytest.mark.usefixtures("with_torch")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint alone in a folder."""
    return write_stand_in(tmp_path / "model.ckpt.pt")


@pytest.fixture
def onnx(checkpoint: Path) -> Path:
    """The ONNX file that was made from it."""
    return write_exported(checkpoint.with_name("model.onnx"), made_from(checkpoint))


def chosen(model: Path, **options: Any) -> str:
    """Name of the file, chosen without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return choose(model, Options(**options)).file.path.name


def names(model: Path, **options: Any) -> list[str]:
    return [file.path.name for file in alternatives(model, Options(**options))]


def test_a_checkpoint_alone_is_itself(checkpoint: Path) -> None:
    choice = choose(checkpoint, Options())
    assert choice.file.path == checkpoint
    assert choice.reason == ""
    assert chosen(checkpoint.parent) == "model.ckpt.pt"


def test_onnx_comes_first_then_torchscript_then_the_checkpoint(
    onnx: Path, checkpoint: Path
) -> None:
    pytest.importorskip("torch")
    write_exported(onnx.with_suffix(".pt"), made_from(checkpoint))
    expected = ["model.onnx", "model.pt", "model.ckpt.pt"]
    assert names(checkpoint) == names(onnx.parent) == expected
    assert chosen(checkpoint) == chosen(onnx.parent) == "model.onnx"


def test_an_exported_file_is_itself(onnx: Path, checkpoint: Path) -> None:
    pytest.importorskip("torch")
    torchscript = write_exported(onnx.with_suffix(".pt"), made_from(checkpoint))
    choice = choose(torchscript, Options())
    assert (choice.file.path, choice.reason) == (torchscript, "")


def test_eager_is_the_checkpoint_itself(onnx: Path, checkpoint: Path) -> None:
    assert names(checkpoint, eager=True) == names(onnx.parent, eager=True) == ["model.ckpt.pt"]
    with pytest.raises(SezmError, match="an exported file; give the checkpoint"):
        choose(onnx, Options(eager=True))
    checkpoint.unlink()
    with pytest.raises(SezmError, match="no checkpoint in this folder"):
        choose(onnx.parent, Options(eager=True))


@pytest.mark.parametrize(
    ("changes", "options", "is_taken"),
    [
        ({}, {"dtype": "float64"}, True),
        ({}, {"dtype": "float32"}, False),
        ({"asked_for": {"dtype": "float64"}}, {}, False),
        ({"asked_for": {"dtype": "float64"}}, {"dtype": "float64"}, True),
        ({"configuration": {"branch": "water"}}, {}, True),
        ({"configuration": {"branch": "water"}}, {"head": "water"}, True),
        ({"configuration": {"branch": "water"}}, {"head": "ice"}, False),
        ({"configuration": {"branch": "water"}, "asked_for": {"head": "water"}}, {}, False),
        ({"configuration": {"branch": "water"}, "summary": {}}, {}, False),
        ({"configuration": {"ema": True}}, {}, False),
        ({"configuration": {"ema": True}}, {"ema": True}, True),
        ({}, {"ema": True}, False),
        ({"asked_for": {"forces": "conservative"}}, {}, False),
        ({"static_sizes": StaticSizes(8, 99)}, {}, False),
        ({"stages": (StageWidths(1, 1),)}, {}, False),
    ],
    ids=str,
)
def test_a_file_is_taken_only_if_it_computes_what_the_checkpoint_would(
    checkpoint: Path, changes: dict[str, Any], options: dict[str, Any], is_taken: bool
) -> None:
    write_toy_onnx(checkpoint.with_name("model.onnx"), made_from(checkpoint, **changes))
    expected = ["model.onnx"] * is_taken + ["model.ckpt.pt"]
    assert names(checkpoint, **options) == names(checkpoint.parent, **options) == expected


def test_a_stale_file_is_never_used_and_named(onnx: Path, checkpoint: Path) -> None:
    write_stand_in(checkpoint, "trained further")
    for model in (checkpoint, checkpoint.parent):
        with pytest.warns(
            SezmWarning, match=r"not used: .*model\.onnx: made from another.*sezm ex"
        ):
            assert choose(model, Options()).file.path == checkpoint


def test_a_damaged_file_is_never_used_and_named(onnx: Path, checkpoint: Path) -> None:
    onnx.write_bytes(onnx.read_bytes()[:2000])
    with pytest.warns(SezmWarning, match=r"not used: .*model\.onnx: truncated"):
        assert choose(checkpoint, Options()).file.path == checkpoint


def test_files_of_other_models_beside_a_checkpoint_do_not_matter(checkpoint: Path) -> None:
    other = write_stand_in(checkpoint.with_name("other.pt"), "other")
    write_exported(checkpoint.with_name("other.onnx"), made_from(other))
    assert chosen(checkpoint) == "model.ckpt.pt"
    assert chosen(other) == "other.onnx"


def test_compiled_files_run_only_where_they_are_named(checkpoint: Path) -> None:
    path = write_package(checkpoint.with_name("model.pt2"), HERE, made_from(checkpoint))
    assert names(checkpoint) == names(checkpoint.parent) == ["model.ckpt.pt"]
    assert choose(path, Options()).file.path == path


def test_without_torch_there_is_onnx(
    onnx: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sezm_infer.sessions.beside.torch_version", lambda: None)
    assert names(checkpoint) == ["model.onnx"]
    onnx.unlink()
    assert names(checkpoint) == ["model.ckpt.pt"]


def test_the_shorter_list_of_outputs_comes_first(onnx: Path, checkpoint: Path) -> None:
    outputs = toy_metadata(atom_virial=True).outputs
    write_toy_onnx(onnx.with_name("a.onnx"), made_from(checkpoint, outputs=outputs))
    assert names(checkpoint) == ["model.onnx", "a.onnx", "model.ckpt.pt"]


def test_links_to_a_checkpoint_are_the_same_model(onnx: Path, checkpoint: Path) -> None:
    checkpoint.rename(checkpoint.with_name("model.ckpt-100.pt"))
    checkpoint.symlink_to("model.ckpt-100.pt")
    checkpoint.with_name("copy.pt").write_bytes(checkpoint.read_bytes())
    assert chosen(onnx.parent) == "model.onnx"


def test_other_files_of_a_folder_do_not_matter(onnx: Path) -> None:
    np.savez(onnx.with_name("data.npz"), a=1)
    onnx.with_name("notes.txt").write_text("hello")
    onnx.with_name(".model-tmp.onnx").write_text("half")
    (onnx.parent / "folder.onnx").mkdir()
    assert chosen(onnx.parent) == "model.onnx"


def test_a_folder_of_several_models_is_refused(onnx: Path, checkpoint: Path) -> None:
    folder = onnx.parent
    write_exported(folder / "other.onnx", toy_metadata())
    with pytest.raises(SezmError, match=r"several models, model\.ckpt\.pt, other\.onnx; give"):
        choose(folder, Options())
    checkpoint.unlink()
    with pytest.raises(SezmError, match=r"several models, model\.onnx, other\.onnx; give"):
        choose(folder, Options())
    onnx.unlink()
    assert chosen(folder) == "other.onnx"


def test_a_folder_of_two_checkpoints_is_refused(checkpoint: Path) -> None:
    write_stand_in(checkpoint.with_name("model.ckpt-1.pt"), "earlier")
    with pytest.raises(SezmError, match=r"several models, model\.ckpt-1\.pt, model\.ckpt\.pt"):
        choose(checkpoint.parent, Options())


def test_files_that_name_no_checkpoint_are_not_known_to_be_of_one_model(tmp_path: Path) -> None:
    record = replace(toy_metadata(), checkpoint_sha256="")
    write_toy_onnx(tmp_path / "a.onnx", record)
    assert chosen(tmp_path) == "a.onnx"
    write_toy_onnx(tmp_path / "b.onnx", record)
    with pytest.raises(SezmError, match=r"several models, a\.onnx, b\.onnx"):
        choose(tmp_path, Options())


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SezmError, match="a folder without a model; give the path"):
        open_session(tmp_path)
    (tmp_path / "model.onnx").write_text("hello")
    with pytest.raises(SezmError, match=r"without a model \(.*looks like text"):
        open_session(tmp_path)


def test_exported_files_alone_must_compute_the_same(onnx: Path, checkpoint: Path) -> None:
    single = made_from(checkpoint, "float32", asked_for={"dtype": "float32"})
    write_toy_onnx(onnx.with_name("single.onnx"), single)
    checkpoint.unlink()
    folder = onnx.parent
    assert chosen(folder) == "model.onnx"  # exported without options
    assert chosen(folder, dtype="float32") == "single.onnx"
    with pytest.raises(SezmError, match=r"no file as asked for, but model\.onnx \(float64"):
        choose(folder, Options(head="water"))
    onnx.unlink()
    assert chosen(folder) == "single.onnx"
    water = {"configuration": {"branch": "water"}, "asked_for": {"head": "water"}}
    ice = {"configuration": {"branch": "ice"}, "asked_for": {"head": "ice"}}
    source = write_stand_in(checkpoint)
    for name, changes in (("water", water), ("ice", ice)):
        write_toy_onnx(folder / f"{name}.onnx", made_from(source, **changes))
    source.unlink()
    (folder / "single.onnx").unlink()
    with pytest.raises(SezmError, match=r"different things ice\.onnx .*head ice.*water\.onnx"):
        choose(folder, Options())
    assert chosen(folder, head="ice") == "ice.onnx"


def test_a_folder_of_special_files_is_refused(checkpoint: Path) -> None:
    record = made_from(checkpoint, static_sizes=StaticSizes(8, 99))
    write_toy_onnx(checkpoint.with_name("small.onnx"), record)
    checkpoint.unlink()
    with pytest.raises(SezmError, match=r"special purposes \(small\.onnx"):
        choose(checkpoint.parent, Options())


def test_the_choice_is_logged_and_known_to_the_calculator(
    onnx: Path, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sezm_infer"):
        calculator = SezmCalculator(checkpoint)
    assert calculator.file == onnx
    (record,) = caplog.records
    assert f"{checkpoint}: using {onnx}, ONNX comes first" in record.message
    caplog.clear()
    with caplog.at_level(logging.INFO, "sezm_infer"):
        assert SezmCalculator(onnx).file == onnx
    assert not caplog.records
    assert SezmCalculator(open_session(onnx)).file is None


def test_the_command_line_says_which_file_it_uses(onnx: Path, checkpoint: Path) -> None:
    structure = onnx.with_name("in.extxyz")
    ase.io.write(structure, ase.Atoms("OH", [[0, 0, 0], [0, 0, 1]]))
    expected = CliRunner().invoke(main, ["eval", str(onnx), str(structure)])
    assert expected.stderr == ""
    for model in (checkpoint, onnx.parent):
        found = CliRunner().invoke(main, ["eval", str(model), str(structure)])
        assert found.stdout == expected.stdout
        assert found.stderr.startswith(f"using {onnx}: ONNX comes first")
    shown = CliRunner().invoke(main, ["info", str(onnx.parent)])
    assert shown.stdout == CliRunner().invoke(main, ["info", str(onnx)]).stdout


NO_TORCH = """
import sys
from sezm_infer import SezmCalculator
assert SezmCalculator(sys.argv[1]).file.name == "model.onnx"
assert "torch" not in sys.modules
"""


def test_a_checkpoint_with_an_onnx_file_needs_no_torch(onnx: Path, checkpoint: Path) -> None:
    for model in (checkpoint, onnx.parent):
        subprocess.run([sys.executable, "-c", NO_TORCH, model], check=True)
