"""One file in one process, which times steps on demand.

    python -m sezm_infer.bench.worker

One JSON object per line comes in on stdin, one answer goes out on stdout:

    {"path", "options"}   open a file                 -> {"dtype"}
    {"size": N}           make a box, compute         -> {"atoms", "edges"}
    {"step": SEED}        move the atoms, compute     -> {"ms", "ms_in_model", "peak_mb"}

What goes wrong is answered by {"error": TEXT}.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ..boxes import box_for_model
from ..calculator import SezmCalculator
from ..errors import SezmError
from ..metadata import Metadata
from ..sessions import Session, open_session

STEP_LENGTH = 0.01
"""Angstrom that atoms move per step, so that neighbour lists are reused as in dynamics."""

_STATUS = Path("/proc/self/status")


def main() -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not come between
    contestant = Contestant()
    for line in sys.stdin:
        try:
            answer = contestant.answer(json.loads(line))
        except SezmError as error:
            answer = {"error": str(error)}
        except Exception as error:  # of whatever engine: the others go on
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        print(json.dumps(answer), file=answers, flush=True)


class Contestant:
    """A file that takes part."""

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What a request asks for; see the module."""
        if "path" in request:
            session = open_session(request["path"], **request["options"])
            self._session = TimedSession(session)
            return {"dtype": self._session.metadata.dtype}
        if "size" in request:
            self._atoms = box_for_model(self._session.metadata, request["size"])
            self._atoms.calc = SezmCalculator(self._session)
            self._atoms.get_forces()
            return {"atoms": len(self._atoms), "edges": self._session.edges}
        moves = np.random.default_rng(request["step"]).normal(size=(len(self._atoms), 3))
        self._atoms.positions += STEP_LENGTH * moves
        start = perf_counter()
        self._atoms.get_forces()
        return {
            "ms": 1e3 * (perf_counter() - start),
            "ms_in_model": 1e3 * self._session.seconds,
            "peak_mb": peak_mb(),
        }


class TimedSession:
    """Passes calls on and notes how long the last one took.

    Attributes:
        seconds: of the last call.
        edges: of the last call.
    """

    def __init__(self, session: Session) -> None:
        self.metadata: Metadata = session.metadata
        self.seconds = 0.0
        self.edges = 0
        self._session = session

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        start = perf_counter()
        outputs = self._session.run(inputs)
        self.seconds = perf_counter() - start
        self.edges = len(inputs["edge_distance"])
        return outputs


def peak_mb(status: Path = _STATUS) -> float:
    """Largest resident memory of this process so far, MB.

    Linux counts in ``ru_maxrss`` what the process was before it ran this program.
    """
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
