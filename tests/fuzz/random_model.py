"""A model with random parameters of a sensible size."""

from __future__ import annotations

import torch
from random_checkpoint import draw, kind_of
from random_options import Configuration
from sezm_models.sezm.checkpoint_keys import checkpoint_key
from sezm_models.sezm.config import parse_config
from sezm_models.sezm.deepspin import DeepSpinSeZM
from sezm_models.sezm.heads import SeZMModel, head_of

ENERGY_EXPONENT = 0
"""Energies of an eV or so come out of the draws as they are."""

CONSTANTS = ("case_embd", "default_fparam_tensor")
"""Stored beside the parameters; numbers of the size of a bias."""

STATISTICS = ("energy_bias", "energy_scale", "force_scale")


def random_model(configuration: Configuration, name: str) -> SeZMModel | DeepSpinSeZM:
    """In float64; each parameter from the rule of its kind and the random stream of ``name``."""
    config = parse_config(configuration.params, configuration.version, configuration.has_dens_head)
    kind = DeepSpinSeZM if config.has_virtual_atoms else head_of(config).model
    model = kind(config, torch.float64)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            key = checkpoint_key(parameter_name)
            values = draw(
                name,
                key,
                "bias" if key.endswith(CONSTANTS) else kind_of(key),
                parameter.shape,
                rcut=model.cutoff,
                energy_exponent=ENERGY_EXPONENT,
            )
            parameter.copy_(torch.from_numpy(values))
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith(STATISTICS):
                values = draw(name, buffer_name, "energy_std", buffer.shape, rcut=model.cutoff)
                buffer.copy_(torch.from_numpy(values))
    return model.eval()
