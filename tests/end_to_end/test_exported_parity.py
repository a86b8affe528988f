"""Exported files, run by their own runtimes, against the trainer's recorded numbers.

Every recorded branch with an energy is exported in float64, with its charges, parameters and
spins, and some in float32 as well: all of them where the page of what is supported is made
(``make docs``).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from deviation_log import findings_are_kept
from exported import assert_file_equals_the_trainer, branches_of
from recorded import (
    CONDITIONING_CONFIGURATIONS,
    CONFIGURATIONS,
    DENS_CONFIGURATIONS,
    OPTION_CONFIGURATIONS,
    SPIN_CONFIGURATIONS,
)

from sezm_infer.metadata import StaticSizes

SUFFIXES = pytest.mark.parametrize("suffix", [".pt", ".onnx"], ids=["torchscript", "onnx"])

SMALL = (
    *OPTION_CONFIGURATIONS,
    *CONDITIONING_CONFIGURATIONS,
    *SPIN_CONFIGURATIONS,
    *DENS_CONFIGURATIONS,
)


def branches(*configurations: str) -> list[str]:
    return [branch for name in configurations for branch in branches_of(name)]


IN_DOUBLE = branches(*CONFIGURATIONS, "multitask", *SMALL)
PART = branches("tiny", "mini_v1_0", "neo", "zbl", "bundled", "multitask", *SMALL[::6])
IN_SINGLE = IN_DOUBLE if findings_are_kept() else PART

CASES = [(branch, "float64") for branch in IN_DOUBLE] + [(name, "float32") for name in IN_SINGLE]


@SUFFIXES
@pytest.mark.parametrize(("branch", "dtype"), CASES)
def test_every_file_equals_the_trainer(
    branch: str, dtype: str, suffix: str, tmp_path: Path
) -> None:
    assert_file_equals_the_trainer(branch, dtype, tmp_path / f"model{suffix}")


@SUFFIXES
@pytest.mark.parametrize("branch", ["everything_deepspin", "spin_native", "dens_conditioned"])
def test_files_of_fixed_sizes_equal_the_trainer(branch: str, suffix: str, tmp_path: Path) -> None:
    sizes = StaticSizes(12, 900)
    assert_file_equals_the_trainer(branch, "float64", tmp_path / f"model{suffix}", sizes)


@SUFFIXES
@pytest.mark.parametrize("branch", ["mini", "zbl", "everything", "spin_native"])
def test_staged_files_equal_the_trainer(branch: str, suffix: str, tmp_path: Path) -> None:
    assert_file_equals_the_trainer(branch, "float64", tmp_path / f"model{suffix}", staged=True)
