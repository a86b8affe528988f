"""Time per atom and memory over system size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def plot(records: Sequence[dict[str, Any]], path: Path) -> None:
    """Two panels; one line per model and backend.

    Args:
        records: as ``compare.py`` writes them.
        path: of the picture.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 7), layout="constrained")
    for label in sorted({_label(record) for record in records if record["name"] != "sgemm"}):
        own = sorted((r for r in records if _label(r) == label), key=lambda r: r["atoms"])
        atoms = [record["atoms"] for record in own]
        cpu = [np.median([step["cpu_s"] for step in record["steps"]]) for record in own]
        per_atom = [1e3 * s / n for s, n in zip(cpu, atoms, strict=True)]
        above.semilogx(atoms, per_atom, "o-", label=label)
        peak = [max(step["peak_mb"] for step in record["steps"]) / 1e3 for record in own]
        below.loglog(atoms, peak, "o-")
    above.set_ylim(bottom=0.0)
    above.set_ylabel("CPU time per atom and step / ms")
    above.legend(fontsize="small")
    below.set_ylabel("peak memory / GB")
    below.set_xlabel("atoms")
    figure.savefig(path, dpi=150)


def _label(record: dict[str, Any]) -> str:
    return f"{record['model']}, {record['name']}"
