"""Files that are damaged, lie or attack: an error with their name each, never the end of a process
by a signal; and records of metadata, of which C++ refuses what Python refuses."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from exported_files import ExportedFiles
from programs import run
from same_results import LIBRARIES

from sezm_infer import Metadata, SezmError
from sezm_infer.contract import METADATA_KEY

BUNDLED = Path(__file__).resolve().parents[2] / "models/zoo/water_gfn1"
WATER = BUNDLED / "water64.extxyz"
ADDRESS_LIMIT = 16_000_000
"""kB; libtorch alone takes several GB of addresses."""

HUGE = 2**63
STRICTER = [("cutoff", 1e300), ("elements", ["x"]), ("elements", ["x", "x"])]
STRICTER += [(key, HUGE) for key in ("cutoff", "message_passing_steps", "max_neighbors")]
"""Where C++ refuses more: numbers beyond reason, elements that do not exist."""


@pytest.fixture(scope="module")
def files(exported: ExportedFiles) -> dict[str, Path]:
    return {suffix: exported.path("tiny", "float32", suffix) for suffix in LIBRARIES}


def refusal(build: Path, path: Path, folder: Path) -> str:
    """What sezm_run complains of, within a limit of memory."""
    if path.suffix in LIBRARIES and not (build / LIBRARIES[path.suffix]).exists():
        pytest.skip(f"{LIBRARIES[path.suffix]} is not built")
    command = f'ulimit -v {ADDRESS_LIMIT}; exec "$@"'
    program = [build / "sezm_run", path, WATER, folder / "out.extxyz", "--threads", "1"]
    return run("bash", "-c", command, "bash", *program, code=2)


@pytest.mark.parametrize("suffix", LIBRARIES)
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(
    build: Path, files: dict[str, Path], suffix: str, share: float, tmp_path: Path
) -> None:
    content = files[suffix].read_bytes()
    path = tmp_path / f"truncated{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    assert str(path) in refusal(build, path, tmp_path)


@pytest.mark.parametrize("suffix", LIBRARIES)
@pytest.mark.parametrize("seed", range(4))
def test_files_of_random_bytes_are_refused(
    build: Path, files: dict[str, Path], suffix: str, seed: int, tmp_path: Path
) -> None:
    """Behind a head that looks right, or between ends that are."""
    rng = np.random.default_rng(seed)
    content = bytearray(files[suffix].read_bytes())
    first, last = (64, len(content)) if seed % 2 else (len(content) // 4, len(content) * 3 // 4)
    content[first:last] = rng.bytes(last - first)
    path = tmp_path / f"random{suffix}"
    path.write_bytes(content)
    assert str(path) in refusal(build, path, tmp_path)


def test_files_without_a_record_are_refused(
    build: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    plain = onnx.load(files[".onnx"])
    del plain.metadata_props[:]
    onnx.save(plain, tmp_path / "plain.onnx")
    with_members(files[".pt"], tmp_path / "plain.pt", lambda name: METADATA_KEY not in name)
    for suffix in LIBRARIES:
        complaint = refusal(build, tmp_path / f"plain{suffix}", tmp_path)
        assert "not a file that 'sezm export' wrote" in complaint


def test_a_record_of_another_graph_is_refused(
    build: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    """It only shows when the graph runs, as an error of the engine."""
    changed = onnx.load(files[".onnx"])
    (entry,) = (entry for entry in changed.metadata_props if entry.key == METADATA_KEY)
    record = json.loads(entry.value)
    extra = {"name": "fparam", "shape": ["B", 1], "dtype": "real", "unit": ""}
    with_input = {"inputs": [*record["inputs"], extra], "input_defaults": {"fparam": [1]}}
    for change in ({"dtype": "float64"}, with_input):
        entry.value = json.dumps(record | change)
        onnx.save(changed, tmp_path / "changed.onnx")
        assert "ONNX Runtime: " in refusal(build, tmp_path / "changed.onnx", tmp_path)


def test_archives_that_unpack_to_gigabytes_are_refused(
    build: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("bomb/data.pkl", "bomb/code/model.py", "bomb/version"):
            with archive.open(name, "w") as member:
                for _ in range(100):
                    member.write(bytes(2**20))
    assert "unpacks to too much" in refusal(build, path, tmp_path)


def with_members(source: Path, target: Path, keep: Any) -> None:
    """A copy of an archive with some of its members."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            if keep(member.filename):
                new.writestr(member, old.read(member))


def records() -> list[tuple[tuple[str, Any], dict[str, Any]]]:
    """A good record with each of its values changed to each of many, or gone."""
    values: list[Any] = [None, True, -1, 0, 1, 2.0, 0.5, 1e300, HUGE, "", "x", [], ["x"]]
    values += [["x", "x"], [1], {}, {"x": 1}, {"x": [1]}, [{}]]
    (good,) = (
        json.loads(entry.value)
        for entry in onnx.load(BUNDLED / "model.onnx").metadata_props
        if entry.key == METADATA_KEY
    )
    changed = [(("", None), good)]
    for key in good:
        changed.append(((key, None), {name: good[name] for name in good if name != key}))
        changed += [((key, value), good | {key: value}) for value in values]
    for group in ("inputs", "outputs"):
        for number, key in ((0, "name"), (1, "shape"), (2, "dtype"), (3, "unit")):
            for value in values:
                specs = [dict(spec) for spec in good[group]]
                specs[number][key] = value
                changed.append(((f"{group} {key}", value), good | {group: specs}))
    return changed


def test_records_that_python_refuses_are_refused(build: Path) -> None:
    changed = records()
    lines = "".join(json.dumps(record) + "\n" for _, record in changed)
    said = run(build / "check_records", input=lines).splitlines()
    different = [
        (what, verdict)
        for (what, record), verdict in zip(changed, said, strict=True)
        if (verdict != "ok") != (what in STRICTER or python_refuses(record))
    ]
    assert different == []


def python_refuses(record: dict[str, Any]) -> bool:
    try:
        Metadata.from_json(json.dumps(record), "FILE")
    except SezmError:
        return True
    return False
