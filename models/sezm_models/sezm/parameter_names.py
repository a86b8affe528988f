"""Which entries of a checkpoint are trained parameters, told by their names."""

from __future__ import annotations

import re

PARAMETER = re.compile(
    r"(^|\.)(weight|weight_m0|weight_m\.\d+|matrix|bias|bias0|idt|[AB]_(by_l|m0|m\.\d+)"
    r"|adamw?_\w+(\.\d+)?|channel_basis|residual_scale|spin_scale|focus_compete_bias"
    r"|film_\w+_strength_log)$"
)
"""All that DeePMD-kit 3.2 trains; tables and statistics have other names."""

SECOND_COPY = "._networks."
"""Property models store their fitting network twice."""


def is_parameter(key: str) -> bool:
    """Whether a key of a state dict is that of a trained parameter."""
    return PARAMETER.search(key) is not None and SECOND_COPY not in key
