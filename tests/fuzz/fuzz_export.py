"""Build random valid models, export each to both formats, and compare the files with eager.

One line per model. The line of one that fails is followed by its configuration as JSON, which
``--from FILE`` takes again, with the same ``--seed`` and its number as ``--start``. At the end: how
often each value of each option occurred.

    python tests/fuzz/fuzz_export.py --count 200 --seed 1
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parents[1] / "reference"))

from comparison import GRADIENT_TOLERANCE, TOLERANCE, compare, gradient_error
from random_model import random_model
from random_options import Configuration, random_configuration

GRADIENT_EVERY = 5
"""Every so many models, eager forces are compared with finite differences."""


def configuration_of(seed: int, number: int) -> Configuration:
    """The configuration with this number in the run with this seed."""
    return random_configuration(random.Random(f"{seed}/{number}"))


def run_one(configuration: Configuration, seed: int, number: int) -> str:
    """One line of results.

    Raises:
        AssertionError: a deviation beyond tolerance; other errors as they come.
    """
    start = time.process_time()
    model = random_model(configuration, f"{seed}/{number}")
    with tempfile.TemporaryDirectory() as folder:
        found = compare(model, number, Path(folder))
    text = ", ".join(f"{suffix} {deviation:.1e}" for suffix, deviation in found.deviations.items())
    text += f", force {found.force:.1e}"
    assert all(deviation <= TOLERANCE for deviation in found.deviations.values()), text  # NaN fails
    if number % GRADIENT_EVERY == 0 and model.forces_kind == "conservative":
        error = gradient_error(model, number)
        text += f", gradient {error:.1e}"
        assert error <= GRADIENT_TOLERANCE, text
    return f"{text}, {time.process_time() - start:.1f} s"


def main() -> None:
    """Run the configurations that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="number of configurations")
    parser.add_argument("--seed", type=int, default=1, help="of the run")
    parser.add_argument("--start", type=int, default=0, help="number of the first configuration")
    parser.add_argument("--from", dest="file", type=Path, help="JSON of one configuration")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("torch.__trace").setLevel(logging.ERROR)  # thousands of unread records
    seed, numbers = arguments.seed, range(arguments.start, arguments.start + arguments.count)
    if arguments.file is not None:
        numbers = range(arguments.start, arguments.start + 1)
    used: Counter[tuple[str, str]] = Counter()
    failed = []
    for number in numbers:
        configuration = configuration_of(seed, number)
        if arguments.file is not None:
            configuration = Configuration(**json.loads(arguments.file.read_text()))
        used.update((name, json.dumps(value)) for name, value in configuration.options().items())
        try:
            print(f"{number}: {run_one(configuration, seed, number)}", flush=True)
        except Exception as error:
            failed.append(number)
            print(f"{number}: FAILED, {type(error).__name__}: {error}")
            print(json.dumps(asdict(configuration)), flush=True)
    print_coverage(used)
    print(f"{len(numbers)} configurations with seed {seed}, {len(failed)} failed: {failed}")
    sys.exit(bool(failed))


def print_coverage(used: Counter[tuple[str, str]]) -> None:
    """How often each value of each option occurred."""
    for option in sorted({option for option, _ in used}):
        values = {value: count for (name, value), count in used.items() if name == option}
        counts = ", ".join(f"{value} {count}" for value, count in sorted(values.items()))
        print(f"{option}: {counts}")


if __name__ == "__main__":
    main()
