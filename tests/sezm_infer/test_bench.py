"""Timing reports plausible numbers (never compared with a clock here)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sezm_infer import bench, open_session
from sezm_infer.boxes import box_for


def test_a_measurement_is_consistent(toy_onnx: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MIN_SECONDS", 0.0)
    session = open_session(toy_onnx)
    found = bench.measure(session, box_for(session.metadata.elements, 24))
    assert found.atoms == 24
    assert found.edges > 0
    assert found.steps == bench.MIN_STEPS
    assert 0 < found.ms_in_model < found.ms_per_step
    assert found.atom_steps_per_second == pytest.approx(24e3 / found.ms_per_step)
    assert found.peak_mb > 10
