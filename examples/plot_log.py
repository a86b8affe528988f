"""Plot temperature and total energy of an MD log written by ``sezm md --log``.

Usage: python examples/plot_log.py LOG.csv PLOT.png
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def read_log(path: Path) -> dict[str, list[float]]:
    """Columns of the log by name."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def plot(log: dict[str, list[float]], path: Path) -> None:
    """Temperature above, total energy relative to its first value below, against time."""
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(6, 5), layout="constrained")
    above.plot(log["time_ps"], log["temperature_K"], color="tab:red")
    above.set_ylabel("temperature / K")
    total = log["total_energy_eV"]
    below.plot(log["time_ps"], [1e3 * (value - total[0]) for value in total])
    below.set_ylabel("total energy - first / meV")
    below.set_xlabel("time / ps")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    plot(read_log(Path(sys.argv[1])), Path(sys.argv[2]))
    print(f"wrote {sys.argv[2]}")
