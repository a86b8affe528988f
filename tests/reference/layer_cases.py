"""Single layers whose ``serialize()`` is recorded: class, options, shape of the input."""

from __future__ import annotations

from typing import Any

LAYERS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "channel": ("ChannelLinear", {"in_channels": 3, "out_channels": 5}, (4, 3)),
    "channel_no_bias": (
        "ChannelLinear",
        {"in_channels": 3, "out_channels": 5, "bias": False},
        (4, 3),
    ),
    "focus": ("FocusLinear", {"in_channels": 3, "out_channels": 4, "n_focus": 2}, (5, 2, 3)),
    "focus_no_bias": (
        "FocusLinear",
        {"in_channels": 3, "out_channels": 4, "n_focus": 1, "bias": False},
        (5, 1, 3),
    ),
    "so3": ("SO3Linear", {"lmax": 2, "in_channels": 3, "out_channels": 4}, (5, 9, 1, 3)),
    "so3_focus_bias": (
        "SO3Linear",
        {"lmax": 3, "in_channels": 3, "out_channels": 2, "n_focus": 2, "mlp_bias": True},
        (4, 16, 2, 3),
    ),
    "ffn_gated": (
        "EquivariantFFN",
        {"lmax": 2, "channels": 4, "hidden_channels": 6},
        (5, 9, 1, 4),
    ),
    "ffn_gated_plain": (
        "EquivariantFFN",
        {
            "lmax": 2,
            "channels": 4,
            "hidden_channels": 6,
            "glu_activation": False,
            "activation_function": "tanh",
            "mlp_bias": True,
        },
        (5, 9, 1, 4),
    ),
    "ffn_scalars": (
        "EquivariantFFN",
        {"lmax": 0, "channels": 4, "hidden_channels": 6},
        (5, 1, 1, 4),
    ),
    "ffn_sphere": (
        "EquivariantFFN",
        {
            "lmax": 2,
            "channels": 4,
            "hidden_channels": 6,
            "s2_activation": True,
            "lebedev_quadrature": True,
        },
        (5, 9, 1, 4),
    ),
    "ffn_sphere_mlp": (
        "EquivariantFFN",
        {
            "lmax": 3,
            "channels": 4,
            "hidden_channels": 6,
            "s2_activation": True,
            "grid_mlp": True,
            "lebedev_quadrature": True,
        },
        (5, 16, 1, 4),
    ),
    "ffn_so3_branch": (
        "EquivariantFFN",
        {
            "lmax": 2,
            "channels": 4,
            "hidden_channels": 6,
            "kmax": 2,
            "ffn_so3_grid": True,
            "grid_branch": 2,
            "mlp_bias": True,
            "lebedev_quadrature": True,
        },
        (5, 9, 1, 4),
    ),
    "ffn_so3_mlp": (
        "EquivariantFFN",
        {
            "lmax": 1,
            "channels": 4,
            "hidden_channels": 6,
            "kmax": 1,
            "ffn_so3_grid": True,
            "grid_mlp": True,
            "lebedev_quadrature": True,
        },
        (5, 4, 1, 4),
    ),
}
