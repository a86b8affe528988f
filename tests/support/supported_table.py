"""Writes ``docs/supported.md``: what was compared with the trainer, and how exact it was.

    python supported_table.py DEVIATIONS OUTPUT

joins the log of the parity tests (``deviation_log``) with the options in the recorded manifests.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from escn_cases import CONFIGS as ESCN_MODELS
from fused_tensor_cases import CASES as FUSED_TENSOR_LAYERS
from nequip_cases import CASES as NEQUIP_MODELS
from random_checkpoint import DATA, read_manifest

INEXACT = {"inexact_grid"}
INEXACT_OPTION = "lebedev_quadrature"
"""Where the trainer's own constants are rounded to float32; shown with the option that does it."""

PROGRAMS = ("eager", "TorchScript", "ONNX")
DTYPES = ("float64", "float32")

NOT_SHOWN = frozenset(
    # Training and bookkeeping; what is named as a feature.
    "type seed trainable resnet_dt rcond use_amp type_map info descriptor fitting_net lora spin "
    "data_stat_nbatch data_stat_protect data_bias_nsample preset_out_bias srtab_add_bias "
    "use_compile enable_tf32 model_branch_alias allow_missing_label".split()
)

HEADER = """# What is supported, and how exact it is

Written by `make docs` from the results of the parity tests; not edited by hand.

Random models are compared with numbers that DeePMD-kit 3.2.0 computed (`tests/reference`), on
periodic, skewed and partly periodic cells, molecules, dimers and single atoms. A row stands for all
recorded configurations with that value of an option. Its numbers are the largest deviations that
any of them showed, in atomic energies, forces, virial, magnetic forces or properties; "-" where
nothing was compared. Models with a property head have no energy and no exported form: they are
evaluated in Python.

Deviations are relative: to the largest atomic energy of the system (at least 1 eV), its largest
force (at least 1e-4 eV/Angstrom, 1e-2 of direct forces), the largest entry of its virial (at least
the largest force times 1 Angstrom times the square root of the number of atoms), its largest
magnetic force (at least the largest force per unit of spin), its largest property (at least 1e-2).

Tolerances: float64 1e-10, or 1e-5 where the trainer's own constants are rounded to float32
(`lebedev_quadrature` off; that model counts in this option's rows alone); float32 1e-5 plus the
trainer's own rounding error, its deviation from its float64. The numbers include that error.
"""


OTHER_FAMILIES = f"""## Other families

Compared with recorded numbers of their origins by tests of their own, in float64; tolerances are
those of the tests, relative to the largest value.

| | origin | recorded | eager | TorchScript and ONNX |
|---|---|---|---|---|
| [eSCN](escn.md) | fairchem-core 1.10.0 | {len(ESCN_MODELS)} models: energy, direct forces, \
with given frames or Wigner matrices | 1e-10 | 1e-10 (3 models) |
| [NequIP](nequip.md) | mlip 0.2.2 | {len(NEQUIP_MODELS)} models: energy, forces, stress | \
1e-12, forces and stress 1e-11 | 1e-11, forces and stress 1e-10 (5 models; 2 in stages) |
| [FusedTensor](fused_tensor.md) | e3x 1.0.2 | {len(FUSED_TENSOR_LAYERS)} layers | 1e-12 | \
as part of a model |
| [your own](own_architecture.md) | your module | - | - | proven against the module when written |
"""


@dataclass(frozen=True)
class Branch:
    """One branch of a recorded configuration.

    Attributes:
        configuration: its name.
        params: the branch's ``model_params``.
        version: of the descriptor.
        n_branches: of the configuration.
        has_dens_head: whether the checkpoint holds one; options do not say.
    """

    configuration: str
    params: Mapping[str, Any]
    version: float
    n_branches: int
    has_dens_head: bool

    @property
    def fitting(self) -> Mapping[str, Any]:
        """Options of the fitting network."""
        return self.params["fitting_net"]

    @property
    def head(self) -> str:
        """What is computed."""
        if self.has_dens_head:
            return "dens"
        return "property" if self.fitting["type"] == "property" else "energy"


FEATURES: dict[str, Callable[[Branch], bool]] = {
    "energy head": lambda b: b.head == "energy",
    "property head": lambda b: b.head == "property",
    "direct forces (dens head)": lambda b: b.head == "dens",
    "several branches, one chosen by `--head`": lambda b: b.n_branches > 1,
    "case embedding, concatenated": lambda b: (
        bool(b.fitting.get("dim_case_embd")) and not b.fitting.get("case_film_embd")
    ),
    "case embedding, FiLM": lambda b: (
        bool(b.fitting.get("dim_case_embd")) and bool(b.fitting.get("case_film_embd"))
    ),
    "frame parameters": lambda b: bool(b.fitting.get("numb_fparam")),
    "atomic parameters": lambda b: bool(b.fitting.get("numb_aparam")),
    "charge and spin": lambda b: bool(b.params["descriptor"].get("add_chg_spin_ebd")),
    "native spin": lambda b: (b.params.get("spin") or {}).get("scheme") == "native",
    "deepspin": lambda b: "spin" in b.params and b.params["spin"].get("scheme") != "native",
    "ZBL bridging": lambda b: str(b.params.get("bridging_method", "none")).lower() == "zbl",
    "excluded pairs of types": lambda b: bool(b.params.get("pair_exclude_types")),
    "excluded types": lambda b: bool(b.params.get("atom_exclude_types")),
    "checkpoint version 1.0": lambda b: b.version == 1.0,
    "checkpoint version 1.1": lambda b: b.version == 1.1,
    "checkpoint version 1.2": lambda b: b.version == 1.2,
}

Rows = dict[tuple[str, str], set[str]]
"""Configurations by name and value of an option; a feature has no value."""

Largest = Mapping[tuple[str, str, str], float]
"""Deviation by configuration, program and dtype."""


def recorded_branches() -> list[Branch]:
    """All branches of all configurations that have a manifest."""
    manifests = [read_manifest(path.stem) for path in sorted(DATA.glob("*.json"))]
    models = [manifest for manifest in manifests if "model_params" in manifest]
    return [branch for manifest in models for branch in _branches(manifest)]


def _branches(manifest: Mapping[str, Any]) -> Iterator[Branch]:
    params, entries = manifest["model_params"], manifest["entries"]
    versions = [entry["values"] for key, entry in entries.items() if key.endswith("version_tensor")]
    branches = params.get("model_dict", {"Default": params})
    has_dens_head = any("dens_fitting_net" in key for key in entries)
    for branch in branches.values():
        yield Branch(manifest["name"], branch, versions[0], len(branches), has_dens_head)


def feature_rows(branches: list[Branch]) -> Rows:
    """Heads, conditioning and versions."""
    return {
        (name, ""): {branch.configuration for branch in branches if is_used(branch)}
        for name, is_used in FEATURES.items()
    }


def option_rows(branches: list[Branch], section: str) -> Rows:
    """Options of ``descriptor``, ``fitting_net`` or ``spin``; of the model if the section is ""."""
    rows: Rows = defaultdict(set)
    for branch in branches:
        options = branch.params.get(section, {}) if section else branch.params
        for option, value in options.items():
            if option not in NOT_SHOWN:
                rows[option, json.dumps(value)].add(branch.configuration)
    return dict(sorted(rows.items()))


def sections(branches: list[Branch]) -> dict[str, Rows]:
    """Rows of each table by its title."""
    return {
        "Heads, conditioning, versions": feature_rows(branches),
        "Options of the descriptor": option_rows(branches, "descriptor"),
        "Options of the fitting network": option_rows(branches, "fitting_net"),
        "Options of spin": option_rows(branches, "spin"),
        "Options of the model": option_rows(branches, ""),
    }


def largest_deviations(log: list[dict[str, Any]]) -> Largest:
    """The largest deviation of each configuration in each program and dtype."""
    largest: dict[tuple[str, str, str], float] = {}
    for entry in log:
        if "configuration" in entry:
            key = entry["configuration"], entry["program"], entry["dtype"]
            largest[key] = max(largest.get(key, 0.0), entry["deviation"])
    return largest


def label(option: str, value: str, configurations: set[str]) -> str:
    """The cells that do not depend on results: name, value, number of configurations."""
    return f"| {option} | {f'`{value}`' if value else ''} | {len(configurations)} |"


def page(branches: list[Branch], log: list[dict[str, Any]]) -> str:
    """The whole document."""
    largest = largest_deviations(log)
    columns = [f"{program} {dtype}" for program in PROGRAMS for dtype in DTYPES]
    lines = [HEADER, "## Files that are read\n"]
    lines += sorted({f"- {entry['file_form']}" for entry in log if "file_form" in entry})
    lines.append("")
    for title, rows in sections(branches).items():
        lines += [f"## {title}\n", f"| | | configurations | {' | '.join(columns)} |"]
        lines.append("|---|---|---" + "|---" * len(columns) + "|")
        for (option, value), configurations in rows.items():
            shown = configurations if option == INEXACT_OPTION else configurations - INEXACT
            cells = [
                _cell([largest.get((name, program, dtype)) for name in shown])
                for program in PROGRAMS
                for dtype in DTYPES
            ]
            lines.append(f"{label(option, value, configurations)} {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([*lines, OTHER_FAMILIES])


def _cell(deviations: list[float | None]) -> str:
    found = [deviation for deviation in deviations if deviation is not None]
    return f"{max(found):.0e}" if found else "-"


def main() -> None:
    """Write the page from the log of the last run."""
    log, output = map(Path, sys.argv[1:])
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    output.write_text(page(recorded_branches(), entries))


if __name__ == "__main__":
    main()
