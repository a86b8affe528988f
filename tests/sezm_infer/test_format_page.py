"""The page that describes files says what the contract in code says."""

from __future__ import annotations

import re
from pathlib import Path

from sezm_infer.contract import CONDITIONING_AXES, signature

PAGE = Path(__file__).resolve().parents[2] / "export/FORMAT.md"

TENSOR = re.compile(r"\| `(\w+)` \| \[([^]]*)\] \| (\w+) \| (.*?) ?\| ")

WIDTHS = {"charge_spin": 2, "charge": 1, "fparam": 7, "aparam": 7, "spins": 3, "wigner": 7}


def test_names_shapes_dtypes_and_units_are_those_of_the_contract() -> None:
    assert WIDTHS.keys() == CONDITIONING_AXES.keys()
    specs = signature(WIDTHS, "conservative", atom_virial=True)
    expected = [
        (spec.name, ", ".join("K" if n == 7 else str(n) for n in spec.shape), spec.dtype, spec.unit)
        for spec in (*specs.inputs, *specs.outputs)
    ]
    assert TENSOR.findall(PAGE.read_text()) == expected
