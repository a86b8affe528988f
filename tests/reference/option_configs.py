"""Small models that together switch on every value of every descriptor option (sezm.md 2.1).

Each takes a few options that meet in the same place, risky ones in pairs. They are evaluated on
few small systems; the sizes that people train are in ``configs.py``.
"""

from __future__ import annotations

from typing import Any

FOUR_ELEMENTS = ("H", "C", "N", "O")

OPTION_SYSTEMS = ("molecule9", "skewed5", "dimer", "atom")


def _small(**changes: Any) -> dict[str, Any]:
    """A descriptor that is evaluated in no time; defaults of the option schema otherwise."""
    options: dict[str, Any] = {
        "rcut": 4.5,
        "channels": 12,
        "n_radial": 5,
        "edge_norm": False,
        "lmax": 2,
        "n_blocks": 2,
        "mixing_layers": 2,
    }
    return options | changes


def _fitting(**options: Any) -> dict[str, Any]:
    return {"fitting_net": options}


GATED = {"s2_activation": [False, False]}

NODES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Activations of the descriptor and of the fitting network; forms of the feed-forward unit.
    "gated_gelu": (
        _small(activation_function="gelu", glu_activation=False, **GATED),
        _fitting(activation_function="tanh"),
    ),
    "gated_tanh_bias": (
        _small(activation_function="tanh", mlp_bias=True, edge_norm=True, **GATED),
        _fitting(activation_function="relu", neuron=[24, 24]),
    ),
    "relu_radial_layers": (
        _small(activation_function="relu", radial_mlp=[20, 0], env_exp=[5, 7]),
        _fitting(activation_function="relu6"),
    ),
    "relu6_gaussian": (
        _small(activation_function="relu6", basis_type="gaussian", sandwich_norm=[True] * 4),
        _fitting(activation_function="softplus"),
    ),
    "softplus_no_seed": (
        _small(activation_function="softplus", use_env_seed=False, glu_activation=False),
        _fitting(activation_function="sigmoid"),
    ),
    "sigmoid_scales": (
        _small(
            activation_function="sigmoid",
            layer_scale=True,
            sandwich_norm=[False] * 4,
            radial_mlp=[16, 0, 16],
            readout_layers=3,
            edge_norm=True,
        ),
        _fitting(activation_function="linear"),
    ),
    "linear_so2_norm": (
        _small(activation_function="linear", so2_norm=True, mixing_layers=3, **GATED),
        _fitting(activation_function="none"),
    ),
    "none_ffn_blocks": (
        _small(
            activation_function="none",
            ffn_blocks=2,
            ffn_neurons=20,
        ),
        _fitting(activation_function="silut:0.5"),
    ),
    "silut_all_biases": (
        _small(
            activation_function="silut:0.5",
            mlp_bias=True,
            n_focus=2,
            so2_norm=True,
            layer_scale=True,
            mixing_layers=3,
            edge_norm=True,
            ffn_blocks=2,
            ffn_so3_grid=True,
            so3_readout="mlp",
            readout_layers=2,
            message_node_so3=True,
            grid_branch=[0, 2, 2],
            sandwich_norm=[True, True, False, False],
        ),
        _fitting(activation_function="gelu"),
    ),
    "sandwich_inside_out": (_small(sandwich_norm=[False, False, True, True], eps=1e-6), {}),
    "exclusions": (
        _small(exclude_types=[[0, 1], [2, 2]]),
        {
            "pair_exclude_types": [[0, 1], [2, 2]],
            "atom_exclude_types": [3],
            **_fitting(atom_ener=[0.7, None, -1.5, 0.3]),
        },
    ),
    "exclusions_zbl": (
        _small(n_atten_head=0, exclude_types=[[0, 3]]),
        {
            "bridging_method": "zbl",
            "bridging_r_inner": 0.7,
            "bridging_r_outer": 1.3,
            "pair_exclude_types": [[0, 3]],
            "atom_exclude_types": [1],
        },
    ),
}

CONVOLUTION: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Attention, focus streams, radial kernels.
    "no_attention": (
        _small(
            n_atten_head=0,
            n_focus=2,
            atten_f_mix=True,
            sandwich_norm=[True, False, False, True],
        ),
        {},
    ),
    "heads_vo": (
        _small(
            sandwich_norm=[False, False, False, True],
            n_atten_head=4,
            atten_v_proj=True,
            atten_o_proj=True,
        ),
        {},
    ),
    "focus_mix": (
        _small(
            sandwich_norm=[False, False, True, False],
            n_focus=2,
            focus_dim=8,
            n_atten_head=4,
            atten_f_mix=True,
            edge_norm=True,
        ),
        {},
    ),
    "focus_mix_vo": (
        _small(
            n_focus=2,
            n_atten_head=2,
            atten_f_mix=True,
            atten_v_proj=True,
            atten_o_proj=True,
            mlp_bias=True,
        ),
        {},
    ),
    "one_head_vo": (
        _small(
            sandwich_norm=[False, True, False, False],
            n_focus=3,
            focus_dim=4,
            atten_v_proj=True,
            atten_o_proj=True,
            mlp_bias=True,
        ),
        {},
    ),
    "one_head_focus_mix_v": (
        _small(n_focus=2, focus_dim=8, atten_f_mix=True, atten_v_proj=True, radial_so2_mode="none"),
        {},
    ),
    "no_mixing": (
        _small(
            sandwich_norm=[False, True, False, True],
            mixing_layers=0,
            radial_so2_rank=2,
            n_atten_head=2,
        ),
        {},
    ),
    "no_rotation": (
        _small(
            sandwich_norm=[False, True, True, True],
            mixing_layers=0,
            radial_so2_mode="none",
            n_focus=2,
            n_atten_head=2,
            atten_v_proj=True,
        ),
        {},
    ),
    "no_rotation_hidden": (
        _small(
            mixing_layers=0,
            radial_so2_mode="none",
            n_focus=2,
            focus_dim=8,
            atten_f_mix=True,
            edge_norm=True,
        ),
        {},
    ),
    "one_layer_bias": (
        _small(mixing_layers=1, radial_so2_mode="none", mlp_bias=True, layer_scale=True),
        {},
    ),
    "radial_degree": (
        _small(sandwich_norm=[True, False, False, False], radial_so2_mode="degree", n_focus=2),
        {},
    ),
    "radial_full": (_small(radial_so2_rank=0, n_focus=2, focus_dim=8, edge_norm=True), {}),
    "radial_full_no_mixing": (_small(radial_so2_rank=0, mixing_layers=0, mmax=2), {}),
}

SCHEDULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Degrees and orders.
    "pyramid": (_small(l_schedule=[3, 2, 1], m_schedule=[2, 1, 0], ffn_so3_grid=True), {}),
    "pyramid_to_zero": (
        _small(l_schedule=[2, 1, 0], mmax=None, message_node_so3=True, so3_readout="glu"),
        {},
    ),
    "extra_degrees": (
        _small(l_schedule=[2, 1], extra_node_l=1, ffn_so3_grid=True, so3_readout="mlp"),
        {},
    ),
    "extra_degrees_gated": (_small(lmax=0, kmax=0, extra_node_l=2, **GATED), {}),
    "no_blocks": (_small(n_blocks=0, readout_layers=2), {}),
    "no_blocks_so3": (_small(n_blocks=0, so3_readout="glu", extra_node_l=1, edge_norm=True), {}),
    "order_0": (_small(sandwich_norm=[True, False, True, False], lmax=3, mmax=0), {}),
    "order_2": (
        _small(sandwich_norm=[True, False, True, True], lmax=3, mmax=2, n_focus=2, so2_norm=True),
        {},
    ),
    "order_all": (_small(lmax=3, mmax=None, radial_so2_rank=2), {}),
    "degree_0": (_small(lmax=0, kmax=0), {}),
    "degree_1_order_5": (_small(sandwich_norm=[True, True, True, False], lmax=1, mmax=5), {}),
    "degree_5": (_small(lmax=5, n_blocks=1, channels=8), {}),
    "degree_6_order_3": (_small(lmax=6, mmax=3, n_blocks=1, channels=8, **GATED), {}),
}

GRIDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Products of fields.
    "edge_s2_glu": (_small(node_wise_s2=True, lmax=3), {}),
    "edge_s2_branch": (_small(node_wise_s2=True, grid_branch=[2, 0, 2], n_focus=2, mmax=2), {}),
    "edge_so3_mlp": (
        _small(node_wise_so3=True, lmax=3, grid_mlp=[True, False, False], mixing_layers=1),
        {},
    ),
    "edge_so3_branch_frames_2": (
        _small(node_wise_so3=True, grid_branch=[3, 0, 0], kmax=2, n_focus=2, mlp_bias=True),
        {},
    ),
    "edge_so3_no_mixing": (
        _small(node_wise_so3=True, kmax=0, mixing_layers=0, radial_so2_mode="none", mmax=0),
        {},
    ),
    "node_s2_glu": (
        _small(
            sandwich_norm=[True, True, False, True],
            message_node_s2=True,
            grid_mlp=[False, False, True],
            random_gamma=False,
        ),
        {},
    ),
    "node_s2_mlp": (_small(message_node_s2=True, grid_mlp=True, n_focus=2, focus_dim=8), {}),
    "node_s2_branch": (_small(message_node_s2=True, grid_branch=2, mlp_bias=True), {}),
    "node_so3_frames_0": (_small(message_node_so3=True, kmax=0, ffn_so3_grid=True), {}),
    "node_so3_frames_2": (
        _small(message_node_so3=True, kmax=2, grid_mlp=True, ffn_so3_grid=True, lmax=3),
        {},
    ),
    "so3_branch_3_frames_2": (
        _small(
            kmax=2,
            ffn_so3_grid=True,
            grid_branch=3,
            message_node_so3=True,
            n_focus=2,
            so3_readout="mlp",
            glu_activation=False,
        ),
        {},
    ),
    "readout_frames_2": (_small(kmax=2, so3_readout="glu", readout_layers=2, mlp_bias=True), {}),
    "readout_frames_0": (_small(kmax=0, so3_readout="mlp"), {}),
    "edge_activation": (_small(s2_activation=[True, True], lmax=3, mixing_layers=3), {}),
    "edge_activation_bias": (
        _small(
            s2_activation=[True, False],
            mixing_layers=3,
            mmax=2,
            n_focus=2,
            mlp_bias=True,
            so2_norm=True,
            activation_function="tanh",
        ),
        {},
    ),
    "inexact_grid": (_small(lebedev_quadrature=False, message_node_s2=True), {}),
}

RESIDUALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Attention residuals and Cartesian products.
    "full_residuals": (_small(full_attn_res="independent", ffn_blocks=2, extra_node_l=1), {}),
    "full_residuals_query": (
        _small(
            full_attn_res="dependent",
            l_schedule=[2, 2, 1],
            mlp_bias=True,
            so3_readout="glu",
            layer_scale=True,
        ),
        {},
    ),
    "block_residuals": (
        _small(block_attn_res="independent", n_blocks=3, ffn_blocks=2, so3_readout="mlp"),
        {},
    ),
    "block_residuals_query": (
        _small(block_attn_res="dependent", l_schedule=[2, 1], mlp_bias=True, extra_node_l=1),
        {},
    ),
    "edge_residuals": (_small(so2_attn_res="independent", mixing_layers=3, n_focus=2), {}),
    "edge_residuals_query": (
        _small(
            so2_attn_res="dependent",
            mixing_layers=4,
            mlp_bias=True,
            so2_norm=True,
            layer_scale=True,
            n_focus=2,
            focus_dim=8,
        ),
        {},
    ),
    "edge_cartesian": (
        _small(edge_cartesian=True, mixing_layers=3, activation_function="tanh"),
        {},
    ),
    "edge_cartesian_focus": (
        _small(
            edge_cartesian=True,
            l_schedule=[3, 2, 1, 0],
            n_focus=2,
            focus_dim=8,
            n_atten_head=2,
            atten_v_proj=True,
            mlp_bias=True,
        ),
        {},
    ),
    "edge_cartesian_no_mixing": (
        _small(edge_cartesian=True, lmax=1, mixing_layers=0, extra_node_l=1, n_focus=2),
        {},
    ),
    "node_cartesian": (_small(node_cartesian="default:3", mlp_bias=True), {}),
    "node_cartesian_parity": (
        _small(node_cartesian="parity", l_schedule=[3, 2, 1], n_focus=2, message_node_so3=True),
        {},
    ),
    "both_cartesian": (
        _small(node_cartesian=2, edge_cartesian=True, lmax=1, s2_activation=[True, True]),
        {},
    ),
}

OPTION_SETS = {**NODES, **CONVOLUTION, **SCHEDULES, **GRIDS, **RESIDUALS}
