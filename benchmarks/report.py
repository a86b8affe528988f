"""A race as a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from .contestants import DEEPMD_COMPILED, DEEPMD_EAGER
from .race import Result

SGEMM_FLOPS = 5 * 2 * 1024**3

COLUMNS = (
    "backend",
    "wall ms (quartiles)",
    "CPU ms (quartiles)",
    f"x {DEEPMD_EAGER}",
    f"x {DEEPMD_COMPILED}",
    "of sgemm peak",
    "peak MB",
    "first step s",
    "force difference",
)


def table(results: Sequence[Result], yardstick: Result, flops: float) -> str:
    """One row per contestant.

    Ratios are of CPU seconds, which suffer less than wall time from what else a machine does; the
    fraction of the peak is that of the step's matrix products, computed at the speed of products
    of 1024 x 1024 at the same time, in the step's CPU time.

    Args:
        results: of one race.
        yardstick: the matrix products between them.
        flops: of the matrix products of one step.
    """
    by_name = {result.name: result for result in results}
    peak = SGEMM_FLOPS / yardstick.median("cpu_s")
    lines = [_row(COLUMNS), _row(["---"] + ["---:"] * (len(COLUMNS) - 1))]
    for result in results:
        cpu = result.median("cpu_s")
        lines.append(
            _row(
                (
                    result.name,
                    _times(result, "wall_s"),
                    _times(result, "cpu_s"),
                    _ratio(by_name.get(DEEPMD_EAGER), cpu),
                    _ratio(by_name.get(DEEPMD_COMPILED), cpu),
                    f"{flops / cpu / peak:.0%}",
                    f"{result.peak_mb:,.0f}",
                    f"{result.first['load_s']:.1f}",
                    f"{_difference(result, results[0]):.0e}",
                )
            )
        )
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _times(result: Result, what: str) -> str:
    low, high = result.spread(what)
    return f"{1e3 * result.median(what):,.0f} ({1e3 * low:,.0f}-{1e3 * high:,.0f})"


def _ratio(other: Result | None, cpu: float) -> str:
    return "-" if other is None else f"{other.median('cpu_s') / cpu:.2f}"


def _difference(result: Result, reference: Result) -> float:
    """Of the forces on the first structure along one fixed direction, relative to their norm over
    the square root of their number: about the largest deviation of one force."""
    difference = result.first["pattern"] - reference.first["pattern"]
    return abs(difference) / max(reference.first["forces_norm"], 1e-30)
