"""A short slice of the fuzz run (``fuzz_export.py``)."""

from __future__ import annotations

import random

import pytest
from comparison import GRADIENT_TOLERANCE, gradient_error
from fuzz_export import configuration_of, run_one
from random_model import random_model
from random_options import random_configuration
from sezm_models.sezm.options import DESCRIPTOR_DEFAULTS, FITTING_DEFAULTS

SEED = 3

NOT_DRAWN = {"use_amp", "precision"}
"""Without effect on numbers in double precision."""

FITTING_NOT_DRAWN = {"precision", "exclude_types"}


@pytest.mark.parametrize("number", range(0, 30, 5))
def test_random_models_are_exported_right(number: int) -> None:
    run_one(configuration_of(SEED, number), SEED, number)


def test_a_kink_of_an_activation_is_not_an_error_of_the_forces() -> None:
    """relu6, with a kink within 1e-5 Angstrom."""
    model = random_model(configuration_of(1, 75), "1/75")
    assert gradient_error(model, 75) < GRADIENT_TOLERANCE


def test_every_option_is_drawn() -> None:
    params = random_configuration(random.Random(SEED)).params
    assert set(DESCRIPTOR_DEFAULTS) - set(params["descriptor"]) <= NOT_DRAWN
    assert set(FITTING_DEFAULTS) - set(params["fitting_net"]) <= FITTING_NOT_DRAWN
