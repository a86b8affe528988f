"""A model with random parameters of a sensible size."""

from __future__ import annotations

import re

import torch
from random_checkpoint import draw, kind_of
from random_options import Configuration
from sezm_models.sezm.config import parse_config
from sezm_models.sezm.model import SeZM
from sezm_models.sezm.reader import MODULE_TO_KEY

ENERGY_EXPONENT = 0
"""Energies of an eV or so come out of the draws as they are."""


def random_model(configuration: Configuration, name: str) -> SeZM:
    """In float64; each parameter from the rule of its kind and the random stream of ``name``."""
    model = SeZM(parse_config(configuration.params, configuration.version), torch.float64)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            key = checkpoint_key(parameter_name)
            values = draw(
                name,
                key,
                kind_of(key),
                parameter.shape,
                rcut=model.cutoff,
                energy_exponent=ENERGY_EXPONENT,
            )
            parameter.copy_(torch.from_numpy(values))
        model.energy_bias[:-1] = torch.tensor([-1.5, 0.7, -2.2])
    return model.eval()


def checkpoint_key(name: str) -> str:
    """A parameter's name as checkpoints have it; the rules for drawing go by it."""
    for pattern, replacement in MODULE_TO_KEY:
        name = re.sub(pattern, replacement, name)
    return name
