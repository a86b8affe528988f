"""How a model is to be opened."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SezmError
from ..metadata_record import DTYPES
from .device import check_threads, parse_device


@dataclass(frozen=True)
class Options:
    """How a model is to be opened; see :func:`sezm_infer.open_session`."""

    device: str = "cpu"
    threads: int | None = None
    dtype: str | None = None
    head: str | None = None
    ema: bool = False
    eager: bool = False

    def check(self) -> None:
        """Refuse what makes sense for no model.

        Raises:
            SezmError: an unknown device or dtype, or no positive number of threads.
        """
        check_threads(self.threads)
        parse_device(self.device)
        if self.dtype is not None and self.dtype not in DTYPES:
            raise SezmError(f"dtype {self.dtype!r} is unknown; use {' or '.join(DTYPES)}.")
