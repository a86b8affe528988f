"""The live line of ``sezm md``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import click
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from ..md import DriftRate, MDSettings, Sample
from .console import stderr

PLAIN_LINES = 10
"""Lines that a run prints where there is no terminal to update."""

SHORTEST_FOR_RATE = 0.1
"""ps; in shorter runs the energy's oscillation within a vibration would pass for a drift."""

NS_PER_DAY = 86_400 / 1_000_000
"""of one fs per second."""


class MDDisplay:
    """Step, temperature, energy, speed and time left, on a terminal or as plain lines."""

    def __init__(self, settings: MDSettings, progress: Progress | None) -> None:
        self.drift_rate = DriftRate()
        self.last: Sample | None = None
        self._settings = settings
        self._progress = progress
        self._started = perf_counter()
        self._plain_every = max(1, settings.steps // PLAIN_LINES)
        if progress is not None:
            self._task = progress.add_task("", total=settings.steps)

    @property
    def ns_per_day(self) -> float:
        """Simulated time per day of clock time, since the first sample."""
        if self.last is None or self.last.step == 0:
            return 0.0
        steps_per_second = self.last.step / (perf_counter() - self._started)
        return steps_per_second * self._settings.timestep * NS_PER_DAY

    def update(self, sample: Sample) -> None:
        """Show a sample."""
        if self.last is None:
            self._started = perf_counter()  # what came before was set-up
        self.last = sample
        self.drift_rate.add(sample)
        if self._progress is not None:
            self._progress.update(self._task, completed=sample.step, description=self._text(sample))
        elif sample.step % self._plain_every == 0:
            click.echo(f"step {sample.step}/{self._settings.steps}  {self._text(sample)}", err=True)

    def _text(self, sample: Sample) -> str:
        return f"{sample.temperature:.0f} K  {self.energy_text()}  {self.ns_per_day:.3g} ns/day"

    def energy_text(self) -> str:
        """The drift where energy is conserved, else the energy itself."""
        assert self.last is not None
        if self._settings.ensemble == "nve":
            text = f"drift {self.last.drift:+.3f} meV/atom"
            if self.last.time < SHORTEST_FOR_RATE:
                return text
            return f"{text} ({self.drift_rate.value:+.3f} per ps)"
        return f"potential energy {self.last.potential:.3f} eV"


@contextmanager
def md_display(settings: MDSettings) -> Iterator[MDDisplay]:
    """A display for one run; its line disappears at the end."""
    if not stderr.is_terminal:
        yield MDDisplay(settings, None)
        return
    columns = (
        BarColumn(20),
        TaskProgressColumn("step {task.completed}/{task.total}"),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=stderr, transient=True) as progress:
        yield MDDisplay(settings, progress)
