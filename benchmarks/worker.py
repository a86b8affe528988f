"""One model in one process: times steps on demand, so that contestants can take turns.

    python worker.py KIND MODEL THREADS

KIND is "sezm" (MODEL is a file that ``sezm_infer.open_session`` opens), "eager" (MODEL is a
checkpoint, evaluated itself), "deepmd" (a checkpoint or compiled file of DeePMD-kit) or "sgemm" (no
model: single-precision products of 1024 x 1024).
One JSON object per line comes in on stdin, one answer goes out on stdout:

    {"load": PATH}    compute a structure     -> {"load_s", "energy", "forces_norm", "pattern"}
    {"step": SEED}    move the atoms, compute -> {"wall_s", "cpu_s", "peak_mb"}

Nothing but the standard library, numpy and ASE is imported before the model asks for it: the
process runs in a python of the contestant's own, on Linux. "load_s" is from there to the first
forces: what the model imports, opens, and computes.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

STEP_LENGTH = 0.01
"""Angstrom that atoms move per step, so that neighbour lists are reused as in dynamics."""

SGEMM_SIZE = 1024


def main(kind: str, model: str, threads: str) -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not come between
    contestant = KINDS[kind](model, int(threads))
    for line in sys.stdin:
        request = json.loads(line)
        answer = (
            contestant.load(request["load"])
            if "load" in request
            else _step(contestant, request["step"])
        )
        print(json.dumps(answer), file=answers, flush=True)


class Potential:
    """A model behind an ASE calculator.

    Args:
        calculator: makes it; what it imports and reads counts as loading.
    """

    def __init__(self, calculator: Callable[[], Any]) -> None:
        self._calculator = calculator

    def load(self, path: str) -> dict[str, Any]:
        """The first step, and numbers that must not depend on the contestant."""
        import ase.io

        self._atoms = ase.io.read(path)
        start = time.perf_counter()
        self._atoms.calc = self._calculator()
        energy, forces = float(self._atoms.get_potential_energy()), self._atoms.get_forces()
        seconds = time.perf_counter() - start
        pattern = np.cos(np.arange(forces.size, dtype=float)).reshape(forces.shape)
        return {
            "load_s": seconds,
            "energy": energy,
            "forces_norm": float(np.linalg.norm(forces)),
            "pattern": float((forces * pattern).sum()),
        }

    def prepare(self, seed: int) -> None:
        """What is not timed."""
        moves = np.random.default_rng(seed).normal(scale=STEP_LENGTH, size=(len(self._atoms), 3))
        self._atoms.positions += moves

    def compute(self) -> None:
        """What is: energy, forces and virial, all in one call of either calculator."""
        self._atoms.get_forces()


class Products:
    """Matrix products, the yardstick of this machine at this moment.

    Args:
        threads: of the process.
    """

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self._matrix = torch.ones(SGEMM_SIZE, SGEMM_SIZE)

    def load(self, path: str) -> dict[str, Any]:
        """No structure is needed."""
        return {}

    def prepare(self, seed: int) -> None:
        """Nothing to do."""

    def compute(self) -> None:
        """Five products, ten GFLOP."""
        for _ in range(5):
            self._matrix @ self._matrix


def _sezm(model: str, threads: int, eager: bool = False) -> Potential:
    def calculator() -> Any:
        from sezm_infer import SezmCalculator

        return SezmCalculator(model, threads=threads, eager=eager)

    return Potential(calculator)


def _deepmd(model: str, threads: int) -> Potential:
    def calculator() -> Any:
        from deepmd.calculator import DP

        return DP(model=model)  # takes its threads from the environment

    return Potential(calculator)


KINDS: dict[str, Callable[[str, int], Any]] = {
    "sezm": _sezm,
    "eager": lambda model, threads: _sezm(model, threads, eager=True),
    "deepmd": _deepmd,
    "sgemm": lambda model, threads: Products(threads),
}


def _step(contestant: Any, seed: int) -> dict[str, float]:
    contestant.prepare(seed)
    wall, cpu = time.perf_counter(), time.process_time()
    contestant.compute()
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    """Largest resident memory so far; ``ru_maxrss`` counts that of the parent, too (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) / 2**10


if __name__ == "__main__":
    main(*sys.argv[1:])
