"""Every form in which a model is stored gives the numbers of DeePMD-kit, or a clear error."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch
from deviation_log import note_file_form
from file_variants import VARIANT_SYSTEMS, VARIANTS, build_variant, model_params
from random_checkpoint import DATA, build_checkpoint
from recorded import (
    FLOAT32_TOLERANCE,
    FLOAT64_TOLERANCE,
    Recorded,
    assert_agrees,
    recorded,
)
from sezm_models import CheckpointError
from sezm_models.sezm.option_types import DESCRIPTOR, FITTING, MODEL
from sezm_models.sezm.options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS
from stored import assert_same, read, results

PREFIX = "model.Default.atomic_model."

HALF_ROUNDING = 100.0
"""DeePMD-kit multiplies in half precision: energies of atoms (eV) per unit of its epsilon."""


def of_variant(name: str, system: str, suffix: str = "") -> Recorded:
    """The numbers of a variant, on a system of the configuration that it is made from."""
    case = vars(recorded(VARIANTS[name][0], system))
    with np.load(DATA / "variants.npz") as data:
        keys = ("energy", "forces", "virial", "atom_energy")
        return Recorded(**case | {key: data[f"{name}/{system}/{key}{suffix}"] for key in keys})


@pytest.mark.parametrize("system", VARIANT_SYSTEMS)
@pytest.mark.parametrize("name", VARIANTS)
def test_variants_equal_the_trainer(name: str, system: str) -> None:
    """LoRA, spellings, and half precision promoted: the trainer's numbers in float64."""
    net = read(build_variant(name), torch.float64)
    expected = of_variant(name, system)
    energy, forces, virial = results(net, expected)
    np.testing.assert_allclose(energy, expected.atom_energy, rtol=FLOAT64_TOLERANCE)
    scale = max(np.abs(expected.forces).max(), 1e-3)
    np.testing.assert_allclose(forces, expected.forces, atol=FLOAT64_TOLERANCE * scale, rtol=0)
    np.testing.assert_allclose(virial, expected.virial, atol=10 * FLOAT64_TOLERANCE * scale, rtol=0)


@pytest.mark.parametrize("name", ["lora_mini", "lora_all_biases"])
def test_adapters_folded_in_single_precision_equal_the_trainer(name: str) -> None:
    """Judged by the exact numbers of the trainer: within the tolerance, or as its own float32."""
    net = read(build_variant(name))
    assert net.dtype == torch.float32
    for system in VARIANT_SYSTEMS:
        exact, rounded = of_variant(name, system), of_variant(name, system, "32")
        own_error = np.abs(rounded.forces - exact.forces).max()
        allowed = max(FLOAT32_TOLERANCE * np.abs(exact.forces).max(), own_error)
        assert np.abs(results(net, exact)[1] - exact.forces).max() <= allowed
    note_file_form("checkpoint with LoRA adapters, folded on reading")


@pytest.mark.parametrize("name", [name for name in VARIANTS if "float16" in name])
def test_half_precision_is_promoted_and_the_trainer_rounds_more(name: str) -> None:
    net = read(build_variant(name))
    assert net.dtype == torch.float32 == net.fitting.dtype
    assert net.configuration["descriptor"]["precision"] in name
    epsilon = torch.finfo(getattr(torch, net.configuration["descriptor"]["precision"])).eps
    for system in VARIANT_SYSTEMS:
        case = of_variant(name, system, "32")
        deviation = np.abs(results(net, case)[0] - case.atom_energy).max()
        assert deviation <= HALF_ROUNDING * epsilon
    note_file_form("weights in float16 or bfloat16, promoted to float32")


def test_half_precision_is_that_of_its_weights_promoted_by_hand() -> None:
    half = build_variant("tiny_bfloat16")
    by_hand = copy.deepcopy(half)
    params = model_params(by_hand)
    params["descriptor"]["precision"] = params["fitting_net"]["precision"] = "float32"
    for key, value in by_hand["model"].items():
        if key != "_extra_state" and value.dtype == torch.bfloat16:
            by_hand["model"][key] = value.float()
    assert_same(read(half), read(by_hand))


def test_other_spellings_are_the_same_model() -> None:
    assert_same(read(build_variant("zbl_linear")), read(build_checkpoint("zbl")))
    note_file_form("ZBL bridging written as a sum of two models (`linear_ener`)")
    assert_same(read(build_variant("so2_layers")), read(build_checkpoint("tiny")))
    note_file_form("`so2_layers` in place of `mixing_layers`")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("half", torch.float32),
        ("single", torch.float32),
        ("double", torch.float64),
        ("default", torch.float64),
    ],
)
def test_other_names_of_precisions(name: str, dtype: torch.dtype) -> None:
    checkpoint = build_checkpoint("tiny")
    model_params(checkpoint)["descriptor"]["precision"] = name
    assert read(checkpoint).dtype == dtype


# --- versions and layouts ------------------------------------------------------------------------


def test_a_missing_version_means_the_first() -> None:
    checkpoint = build_checkpoint("mini_v1_0", bare=True)
    del checkpoint[PREFIX + "descriptor.version_tensor"]
    net = read(checkpoint, torch.float64)
    case = recorded("mini_v1_0", "skewed5")
    assert_agrees(results(net, case), case, FLOAT64_TOLERANCE)
    note_file_form("checkpoint without a version, which means 1.0")


@pytest.mark.parametrize("value", [torch.zeros(2), torch.tensor(float("nan"))])
def test_a_version_that_is_no_number_is_refused(value: torch.Tensor) -> None:
    checkpoint = build_checkpoint("tiny")
    checkpoint["model"][PREFIX + "descriptor.version_tensor"] = value
    with pytest.raises(CheckpointError, match=r"version_tensor' holds .*, expected one number"):
        read(checkpoint)


def test_tables_of_earlier_releases_are_tolerated() -> None:
    checkpoint = build_checkpoint("mini")
    for block in (0, 1):
        key = f"{PREFIX}descriptor.blocks.{block}.so2_conv.rescale"
        checkpoint["model"][key] = torch.ones(9)
    assert_same(read(checkpoint), read(build_checkpoint("mini")))


# --- options and weights that do not belong together ---------------------------------------------


def change_options(section: str | None, **options: Any):
    def change(checkpoint: dict) -> None:
        params = model_params(checkpoint)
        (params if section is None else params[section]).update(options)

    return change


def drop_prefix(key: str):
    def change(checkpoint: dict) -> None:
        del checkpoint["model"][PREFIX + key]

    return change


def in_sum(checkpoint: dict, part: int | None, **options: Any) -> None:
    params = model_params(checkpoint)
    (params if part is None else params["models"][part]).update(options)


MISFITS = {
    "fewer blocks": (
        "mini",
        change_options("descriptor", n_blocks=1),
        r"parameters have no place .* first 'descriptor.blocks.1.",
    ),
    "more blocks": ("tiny", change_options("descriptor", n_blocks=2), r"blocks.1.* is missing"),
    "fewer layers": (
        "mini",
        change_options("descriptor", mixing_layers=2),
        "have no place",
    ),
    "no seed": ("tiny", change_options("descriptor", use_env_seed=False), "have no place"),
    "other width": ("tiny", change_options("descriptor", channels=8), "has shape"),
    "other degree": ("tiny", change_options("descriptor", lmax=2), "has shape"),
    "fewer fitting layers": ("tiny", change_options("fitting_net", neuron=[]), "has shape"),
    "unknown": ("tiny", change_options(None, quantum=True), "'quantum' .* is not known"),
    "unknown in fitting": (
        "tiny",
        change_options("fitting_net", warp=9),
        "fitting_net option 'warp' .* is not known",
    ),
    "table": ("tiny", change_options(None, use_srtab="a.tab"), "use_srtab = 'a.tab' is not supp"),
    "type map": ("tiny", change_options(None, type_map="OH"), "type_map = 'OH': expected a list"),
    "pair": ("tiny", change_options(None, pair_exclude_types=[[0, 2]]), "beyond the 2 of type_map"),
    "pairs": ("exclusions", change_options(None, pair_exclude_types=[[0, 2]]), "different pairs"),
    "radii": ("zbl", change_options(None, bridging_r_inner=0.9), "0 < r_inner < r_outer"),
    "both residuals": (
        "tiny",
        change_options("descriptor", full_attn_res="independent", block_attn_res="independent"),
        "at most one",
    ),
    "adapter": (
        "lora_mini",
        drop_prefix("descriptor.blocks.0.so2_conv.pre_focus_mix.B_by_l"),
        "'descriptor.blocks.0.so2_conv.pre_focus_mix.B_by_l' is missing, .* LoRA",
    ),
    "weights of a sum": ("zbl_linear", lambda c: in_sum(c, None, weights="mean"), "'sum' is"),
    "potential of a sum": ("zbl_linear", lambda c: in_sum(c, 1, mode="lj"), "mode = 'lj'"),
    "option of a sum": ("zbl_linear", lambda c: in_sum(c, 1, scale=2.0), "scale = 2.0"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_belong_together_is_refused(misfit: str) -> None:
    name, change, message = MISFITS[misfit]
    checkpoint = build_variant(name) if name in VARIANTS else build_checkpoint(name)
    change(checkpoint)
    with pytest.raises(CheckpointError, match=message) as error:
        read(checkpoint)
    assert "\n" not in str(error.value)


def test_adapters_of_another_shape_are_refused() -> None:
    checkpoint = build_variant("lora_mini")
    key = "descriptor.blocks.0.so2_conv.pre_focus_mix.A_by_l"
    checkpoint["model"][PREFIX + key] = torch.zeros(3, 2, 5)
    with pytest.raises(CheckpointError, match=r"\[3, 2, 5\], expected \[3, 2, 32\]"):
        read(checkpoint)


def test_notes_and_options_of_training_are_tolerated() -> None:
    checkpoint = build_checkpoint("tiny")
    notes = {"_comment": "mine", "hessian_mode": True, "finetune_head": "x"}
    model_params(checkpoint).update(notes)
    model_params(checkpoint)["descriptor"]["_comment"] = "tiny"
    assert_same(read(checkpoint), read(build_checkpoint("tiny")))


ODD_VALUES = (None, True, -1, 0, 3, 1.5, float("nan"), "2", "", [], [1], [-1, 2], [[1]], {"a": 1})


def test_odd_values_of_options_are_clear_errors_or_fine() -> None:
    """Nothing but CheckpointError, whatever stands in place of a value; a seeded sample."""
    places = [
        *(("descriptor", option) for option in sorted({*DESCRIPTOR_DEFAULTS, *DESCRIPTOR})),
        *(("fitting_net", option) for option in sorted({*FITTING_DEFAULTS, *FITTING})),
        *((None, option) for option in sorted(MODEL)),
    ]
    cases = [(section, option, value) for section, option in places for value in ODD_VALUES]
    refused = 0
    for section, option, value in random.Random(3).sample(cases, 250):
        checkpoint = build_checkpoint("tiny")
        params = model_params(checkpoint)
        (params if section is None else params[section])[option] = value
        try:
            read(checkpoint)
        except CheckpointError as error:
            refused += 1
            assert "\n" not in str(error)
        except Exception as error:
            pytest.fail(f"{section} {option} = {value!r}: {error!r}")
    assert refused > 150
