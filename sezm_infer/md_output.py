"""What a run leaves behind: a trajectory and a log, both complete up to the last step written."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import ase
import ase.io
from ase.io.trajectory import TrajectoryWriter

from .errors import SezmError
from .files import require_writable
from .md import Sample
from .structures import with_results

TRAJECTORY_SUFFIXES = (".extxyz", ".xyz", ".traj")
LOG_COLUMNS = (
    "step",
    "time_ps",
    "temperature_K",
    "potential_energy_eV",
    "kinetic_energy_eV",
    "total_energy_eV",
    "drift_meV_per_atom",
)


class MDOutput:
    """Writes samples as they come; each is on disk when ``write`` returns.

    Files are opened by the first ``write``, so that a run that fails to start leaves none.

    Args:
        trajectory: .extxyz, .xyz (the same) or .traj; None for no trajectory.
        log: CSV file, or None.

    Raises:
        SezmError: a path that cannot be written, or an unknown suffix.
    """

    def __init__(self, trajectory: Path | None, log: Path | None) -> None:
        if trajectory is not None and trajectory.suffix not in TRAJECTORY_SUFFIXES:
            raise SezmError(
                f"{trajectory}: unknown trajectory suffix {trajectory.suffix!r}; use one of "
                f"{', '.join(TRAJECTORY_SUFFIXES)}."
            )
        for path in (trajectory, log):
            if path is not None:
                require_writable(path)
        self._trajectory_path, self._log_path = trajectory, log
        self._files = ExitStack()
        self._last_step: int | None = None

    def __enter__(self) -> MDOutput:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def write(self, sample: Sample, atoms: ase.Atoms) -> None:
        """Append a sample, unless it is the one written last."""
        if self._last_step is None:
            self._open()
        elif sample.step == self._last_step:
            return
        self._last_step = sample.step
        if self._log_path is not None:
            self._log_row(
                sample.step,
                f"{sample.time:.6g}",
                f"{sample.temperature:.3f}",
                f"{sample.potential:.9f}",
                f"{sample.kinetic:.9f}",
                f"{sample.total:.9f}",
                f"{sample.drift:.6f}",
            )
        if self._trajectory_path is not None:
            frame = with_results(atoms, **atoms.calc.results)
            frame.info |= {"step": sample.step, "time_ps": sample.time}
            self._write_frame(frame)

    def _open(self) -> None:
        if self._log_path is not None:
            log = open(self._log_path, "w", buffering=1, newline="")  # noqa: SIM115
            self._log = csv.writer(self._files.enter_context(log))
            self._log_row(*LOG_COLUMNS)
        if self._trajectory_path is not None:
            is_traj = self._trajectory_path.suffix == ".traj"
            opened = (
                TrajectoryWriter(self._trajectory_path)
                if is_traj
                else open(self._trajectory_path, "w")  # noqa: SIM115
            )
            self._trajectory = self._files.enter_context(opened)

    def _log_row(self, *values: object) -> None:
        self._log.writerow(values)

    def _write_frame(self, frame: ase.Atoms) -> None:
        if isinstance(self._trajectory, TrajectoryWriter):
            self._trajectory.write(frame)
        else:
            ase.io.write(self._trajectory, frame, format="extxyz")
            self._trajectory.flush()
