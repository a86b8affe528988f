"""Messages between atoms: modulate, mix, attend, sum (sezm.md 3.7.2 - 3.7.7).

Node stage in: :meth:`SO2Convolution.prepare`. Edge stage: :meth:`SO2Convolution.messages`. Node
stage out: :meth:`SO2Convolution.finish`. The edge stage alone sees edges; it may run over tiles of
rows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows
from .aggregation import Aggregation
from .cartesian import (
    CARTESIAN_DEGREES,
    EdgeCartesianTensorProduct,
    NodeCartesianTensorProduct,
)
from .focus import FocusCompetition
from .geometry import EdgeGeometry
from .grid_net import CrossGridNet, grid_op
from .linear import ChannelLinear, SO3Linear
from .messages import LocalMessages, RadialMessages
from .radial_features import RadialFeatures
from .type_features import TypeFeatures


class SO2Convolution(nn.Module):
    """One convolution of an interaction block; keyword names as in DeePMD-kit."""

    def __init__(
        self,
        *,
        lmax: int,
        mmax: int,
        kmax: int = 1,
        channels: int,
        n_focus: int = 1,
        focus_dim: int = 0,
        focus_norm: bool = True,
        so2_norm: bool = False,
        mixing_layers: int = 4,
        so2_attn_res: str = "none",
        layer_scale: bool = False,
        n_atten_head: int = 1,
        atten_f_mix: bool = False,
        atten_v_proj: bool = False,
        atten_o_proj: bool = False,
        s2_activation: bool = False,
        node_wise_grid_mlp: bool = False,
        node_wise_grid_branch: int = 0,
        message_node_grid_mlp: bool = False,
        message_node_grid_branch: int = 0,
        node_wise_s2: bool = False,
        node_wise_so3: bool = False,
        message_node_s2: bool = False,
        message_node_so3: bool = False,
        activation_function: str = "silu",
        mlp_bias: bool = False,
        radial_so2_mode: str = "none",
        radial_so2_rank: int = 0,
        edge_cartesian: bool = False,
        node_cartesian: tuple[str, int] = ("none", 0),
        degree_floor: float = 0.25,
        eps: float = 1e-7,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.lmax, self.n_focus = lmax, n_focus
        self.focus_dim = focus_dim or channels
        hidden = n_focus * self.focus_dim
        mix = {"lmax": lmax, "mlp_bias": mlp_bias, "dtype": dtype}
        self.pre_focus_mix = SO3Linear(in_channels=channels, out_channels=hidden, **mix)
        self.post_focus_mix = SO3Linear(in_channels=hidden, out_channels=channels, **mix)
        self.radial_hidden_proj = (
            ChannelLinear(in_channels=channels, out_channels=hidden, bias=False, dtype=dtype)
            if hidden != channels
            else None
        )
        streams = {"focus_dim": self.focus_dim, "n_focus": n_focus, "dtype": dtype}
        gates = {"activation_function": activation_function, "mlp_bias": mlp_bias}
        node_wise = _grid_options(
            node_wise_s2, node_wise_so3, kmax, node_wise_grid_mlp, node_wise_grid_branch, mlp_bias
        )
        if edge_cartesian and lmax in CARTESIAN_DEGREES:
            self.message: nn.Module = EdgeCartesianTensorProduct(
                lmax=lmax, n_layers=mixing_layers, **gates, **streams
            )
        elif mixing_layers > 0 or radial_so2_mode != "none" or node_wise is not None:
            mixing = {
                "layers": mixing_layers,
                "so2_norm": so2_norm,
                "layer_scale": layer_scale,
                "s2_activation": s2_activation,
                "so2_attn_res": so2_attn_res,
                "eps": eps,
                **gates,
            }
            self.message = LocalMessages(
                lmax=lmax,
                mmax=mmax,
                radial_so2_mode=radial_so2_mode,
                radial_so2_rank=radial_so2_rank,
                mixing=mixing,
                node_wise=node_wise,
                **streams,
            )
        else:
            self.message = RadialMessages(lmax=lmax, **streams)
        width = {"channels": self.focus_dim, "n_focus": n_focus, "dtype": dtype}
        self.competition = (
            FocusCompetition(focus_norm=focus_norm, mlp_bias=mlp_bias, eps=eps, **width)
            if n_focus > 1
            else None
        )
        self.aggregation = Aggregation(
            lmax=lmax,
            n_heads=n_atten_head,
            atten_f_mix=atten_f_mix,
            atten_v_proj=atten_v_proj,
            atten_o_proj=atten_o_proj,
            degree_floor=degree_floor,
            eps=eps,
            **streams,
        )
        message_node = _grid_options(
            message_node_s2,
            message_node_so3,
            kmax,
            message_node_grid_mlp,
            message_node_grid_branch,
            mlp_bias,
        )
        self.message_node_grid_product = (
            None if message_node is None else CrossGridNet(lmax=lmax, **width, **message_node)
        )
        # In place of message and aggregation; set by simplification.
        self.edge_stage: nn.Module | None = None
        cartesian_mode, cartesian_layers = node_cartesian
        self.node_cartesian_tp = (
            NodeCartesianTensorProduct(
                lmax=lmax,
                symmetric=cartesian_mode == "parity",
                n_layers=cartesian_layers,
                **gates,
                **streams,
            )
            if cartesian_layers > 0 and lmax in CARTESIAN_DEGREES
            else None
        )

    def prepare(self, x: Tensor) -> Tensor:
        """Node stage in, features that messages carry: [N, D, 1, C] -> [N, D, 1, F * focus_dim]."""
        return self.pre_focus_mix(x)

    def messages(
        self,
        features: Tensor,
        edges: EdgeGeometry,
        rows: NeighborRows,
        types: TypeFeatures,
    ) -> Tensor:
        """Edge stage: weighted sum over neighbours of the messages.

        Args:
            features: [N, D, 1, F * focus_dim] of :meth:`prepare`.
            edges: of the call.
            rows: of the call.
            types: C type features.

        Returns:
            [N, D, F, focus_dim].
        """
        features = features.squeeze(2)
        radial = RadialFeatures(self.lmax, edges, rows, types, self.radial_hidden_proj)
        if self.edge_stage is not None:
            return self.edge_stage(features, radial)
        attention = self.aggregation.weights(features[:, 0], radial)
        message, scalars = self.message(features, radial)
        share = None if self.competition is None else self.competition(scalars)
        return self.aggregation(message, attention, share, self.message.frame, radial)

    def finish(self, summed: Tensor, features: Tensor) -> Tensor:
        """Node stage out.

        [N, D, F, focus_dim] sums and [N, D, 1, Ch] features of :meth:`prepare` -> [N, D, 1, C].
        """
        context = features.reshape(summed.shape)
        if self.message_node_grid_product is not None:
            summed = summed + self.message_node_grid_product(summed, context)
        if self.node_cartesian_tp is not None:
            summed = self.node_cartesian_tp(summed, context)
        return self.post_focus_mix(summed.flatten(2).unsqueeze(2))


def _grid_options(
    s2: bool, so3: bool, kmax: int, mlp: bool, branches: int, mlp_bias: bool
) -> dict[str, Any] | None:
    """Options of a product of two inputs, or None without one; SO(3) wins over the sphere."""
    if not (s2 or so3):
        return None
    return {
        "kmax": kmax if so3 else None,
        "op": grid_op(mlp, branches),
        "n_branches": branches,
        "mlp_bias": mlp_bias,
    }
