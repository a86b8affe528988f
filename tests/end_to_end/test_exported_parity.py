"""Exported files, run by their own runtimes, against the trainer's recorded numbers.

Every recorded branch with an energy is exported in float64, with its charges, parameters and
spins, and some in float32 as well: all of them where the page of what is supported is made
(``make docs``).
"""

from __future__ import annotations

import pytest
from deviation_log import findings_are_kept
from exported import assert_file_equals_the_trainer, branches_of
from exported_files import ExportedFiles
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
PART = branches("tiny", "mini_v1_0", "neo", "zbl", "bundled", "multitask", *SMALL[::12])
IN_SINGLE = IN_DOUBLE if findings_are_kept() else PART

CASES = [(branch, "float64") for branch in IN_DOUBLE] + [(name, "float32") for name in IN_SINGLE]


@SUFFIXES
@pytest.mark.parametrize(("branch", "dtype"), CASES)
def test_every_file_equals_the_trainer(
    exported: ExportedFiles, branch: str, dtype: str, suffix: str
) -> None:
    assert_file_equals_the_trainer(exported.path(branch, dtype, suffix), branch, dtype)


@SUFFIXES
@pytest.mark.parametrize("branch", ["everything_deepspin", "spin_native", "dens_conditioned"])
def test_files_of_fixed_sizes_equal_the_trainer(
    exported: ExportedFiles, branch: str, suffix: str
) -> None:
    sizes = StaticSizes(12, 900)
    path = exported.path(branch, suffix=suffix, static=sizes)
    assert_file_equals_the_trainer(path, branch, "float64", sizes)


@SUFFIXES
@pytest.mark.parametrize("branch", ["mini", "zbl", "everything", "spin_native"])
def test_staged_files_equal_the_trainer(exported: ExportedFiles, branch: str, suffix: str) -> None:
    path = exported.path(branch, suffix=suffix, staged=True)
    assert_file_equals_the_trainer(path, branch, "float64")
