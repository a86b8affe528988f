"""The page "Add your own architecture" works as it stands, and what it says of attributes holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import ase
import numpy as np
import pytest
from click.testing import CliRunner
from page_code import ROOT, page_code
from sezm_export.own_model import DEFAULTS, REQUIRED

from sezm_infer import SezmCalculator
from sezm_infer.cli import main

PAGE = "own_architecture.md"
MOST_LINES = 60


@pytest.fixture
def folder(page_folder: Callable[[str], Path]) -> Path:
    """Where the page's code has run."""
    return page_folder(PAGE)


def test_from_a_module_to_a_proven_file_takes_less_than_sixty_lines() -> None:
    assert len(page_code(PAGE).splitlines()) < MOST_LINES


@pytest.mark.parametrize("name", ["pairs.onnx", "pairs.pt"])
def test_the_files_are_like_any_other(folder: Path, name: str) -> None:
    shown = CliRunner().invoke(main, ["info", str(folder / name), "--json"])
    record = json.loads(shown.stdout)
    assert (record["family"], record["elements"], record["cutoff"]) == ("own", ["H", "O"], 4.0)
    assert max(record["verification"]["largest_deviations"].values()) < 1e-4
    rng = np.random.default_rng(0)
    atoms = ase.Atoms("OHHOHH", rng.uniform(0, 4, (6, 3)), cell=np.eye(3) * 4, pbc=True)
    atoms.calc = SezmCalculator(folder / name)
    np.testing.assert_allclose(atoms.get_forces().sum(0), 0, atol=1e-5, rtol=0)
    assert atoms.get_stress().shape == (6,)


def test_the_table_lists_all_attributes_with_their_defaults() -> None:
    text = (ROOT / "docs" / PAGE).read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.M))
    assert rows.keys() == DEFAULTS.keys() - {"forces_kind"}
    for name, shown in rows.items():
        if shown != "as the input":
            default = DEFAULTS[name] if not hasattr(DEFAULTS[name], "items") else {}
            assert eval(shown.strip("`")) == default
    assert all(f"`{name}`" in text for name in REQUIRED)
