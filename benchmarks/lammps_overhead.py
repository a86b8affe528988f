"""CPU time of a step of `pair_style sezm` over that of `sezm_run`, on one system and thread count.

    python benchmarks/lammps_overhead.py [MODEL] [STRUCTURE] [--repeat 2 2 1] [--rounds 5]

Both programs run NVE dynamics twice, short and long: the difference is steps alone, no loading. CPU
seconds of the whole process, in rounds that take turns: a busy machine disturbs both alike. The
whole of a LAMMPS step counts (pair style, integration, neighbour lists), as does all of sezm_run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import ase.io
from ase.io.lammpsdata import write_lammps_data

ROOT = Path(__file__).resolve().parents[1]
ZOO = ROOT / "models/zoo/water_gfn1"
TIMESTEP = 0.5  # fs
TEMPERATURE = 300  # K

INPUT = """
plugin load {plugin}
units metal
atom_style atomic
newton on
neighbor 1.0 bin
read_data {data}
velocity all create {temperature} 7
pair_style sezm threads {threads}
pair_coeff * * {model} {elements}
thermo 1000000
timestep {timestep}
fix 1 all nve
run {steps}
"""


def cpu_seconds(command: list[str | Path], folder: Path) -> float:
    """User and system time of a process."""
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit((folder / "out").read_text())
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path, default=ZOO / "model.onnx")
    parser.add_argument("structure", nargs="?", type=Path, default=ZOO / "water64.extxyz")
    parser.add_argument("--repeat", nargs=3, type=int, default=[1, 1, 1], help="cells along a b c")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--short", type=int, default=2, help="steps of the short run")
    parser.add_argument("--steps", type=int, default=40, help="steps that the long run has more")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=ROOT / "build/cpp")
    parser.add_argument("--lmp", type=Path, default=Path(sys.executable).parent / "lmp")
    given = parser.parse_args()

    atoms = ase.io.read(given.structure) * given.repeat
    elements = sorted(set(atoms.get_chemical_symbols()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ase.io.write(folder / "in.extxyz", atoms)
        write_lammps_data(folder / "in.data", atoms, specorder=elements, masses=True)

        def sezm_run(steps: int) -> list[str | Path]:
            command = [given.build / "sezm_run", given.model.resolve(), "in.extxyz", "out.extxyz"]
            command += ["--threads", str(given.threads), "--md", str(steps), "--every", "1000000"]
            return [*command, "--timestep", str(TIMESTEP), "--temperature", str(TEMPERATURE)]

        def lammps(steps: int) -> list[str | Path]:
            text = INPUT.format(
                plugin=given.build.resolve() / "sezmplugin.so",
                data=folder / "in.data",
                temperature=TEMPERATURE,
                threads=given.threads,
                model=given.model.resolve(),
                elements=" ".join(elements),
                timestep=TIMESTEP / 1000,
                steps=steps,
            )
            path = folder / f"in.{steps}.lmp"
            path.write_text(text)
            return [given.lmp, "-in", path]

        def per_step(command) -> float:
            short, long = (
                cpu_seconds(command(steps), folder)
                for steps in (given.short, given.short + given.steps)
            )
            return (long - short) / given.steps

        print(f"{len(atoms)} atoms, {given.model.name}, {given.threads} thread(s)")
        times: list[tuple[float, float]] = []
        for number in range(given.rounds):
            programs = [sezm_run, lammps]
            first = number % 2  # neither program always comes first
            found = {program: per_step(program) for program in programs[first:] + programs[:first]}
            times.append((found[sezm_run], found[lammps]))
            ours, theirs = (1000 * t for t in times[-1])
            print(f"sezm_run {ours:8.2f}   LAMMPS {theirs:8.2f} CPU-ms per step", flush=True)
        best = min(t for _, t in times) / min(t for t, _ in times)
        middle = statistics.median(t / s for s, t in times)
        print(f"LAMMPS / sezm_run: {middle:.3f} (median of rounds), {best:.3f} (best of each)")


if __name__ == "__main__":
    main()
