"""``docs/supported.md`` covers what there is; ``make docs`` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sezm_models.sezm.options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS
from supported_table import FEATURES, NOT_SHOWN, OTHER_FAMILIES, label, recorded_branches, sections

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/supported.md"

NOT_RECORDED = {"exclude_types", "bias_out"}
"""Options of the fitting network that no training input can set."""

NOT_EXPORTED = {"property head"}
"""Without an energy; evaluated in Python."""


@pytest.fixture(scope="module")
def rows() -> dict:
    return sections(recorded_branches())


def test_every_recorded_value_has_its_row(rows: dict) -> None:
    text = PAGE.read_text()
    for title, section in rows.items():
        for (option, value), configurations in section.items():
            assert label(option, value, configurations) in text, f"{title}: {option} {value}"


def test_other_families_have_their_rows() -> None:
    assert PAGE.read_text().endswith(OTHER_FAMILIES)


def test_every_option_has_a_row(rows: dict) -> None:
    shown = {option for option, _ in rows["Options of the descriptor"]}
    assert set(DESCRIPTOR_DEFAULTS) - NOT_SHOWN == shown - NOT_SHOWN
    shown = {option for option, _ in rows["Options of the fitting network"]}
    assert set(FITTING_DEFAULTS) - NOT_RECORDED <= shown


def test_every_feature_that_is_recorded_was_compared_in_all_programs(rows: dict) -> None:
    lines = PAGE.read_text().splitlines()
    for name in FEATURES:
        configurations = rows["Heads, conditioning, versions"][name, ""]
        if configurations:
            (line,) = [line for line in lines if line.startswith(f"| {name} |")]
            *_, eager, eager32, _, _, _, _ = line.removesuffix(" |").split(" | ")
            assert "-" not in (eager, eager32), line
            assert "| - |" not in line or name in NOT_EXPORTED, line


def test_every_file_form_of_the_tests_is_listed() -> None:
    sources = "".join(path.read_text() for path in ROOT.glob("tests/*/test_*.py"))
    forms = re.findall(r"note_file_form\(\s*\"([^\"\\]+)\"", sources)
    assert forms
    lines = PAGE.read_text().splitlines()
    for form in forms:
        assert f"- {form}" in lines
