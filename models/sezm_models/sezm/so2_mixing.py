"""The layers that mix a message in the frame of its edge (sezm.md 3.7.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .edge_frame import EdgeFrame
from .linear import weight_parameter
from .residuals import DEPENDENT, DepthAttnRes
from .so2 import ReducedEquivariantRMSNorm, SO2Gate, SO2GridActivation, SO2Linear


class SO2Mixing(nn.Module):
    """Residual SO(2) layers; keys as in the checkpoint, below ``so2_conv``.

    Args:
        frame: rows of the messages.
        channels, n_focus: of a focus stream, and number of streams.
        layers: number of layers; all but the last have an activation.
        so2_norm: norm before every layer but the last.
        layer_scale: scale of each layer's update.
        s2_activation: product on the sphere as activation; else a gate with
            ``activation_function``.
        so2_attn_res: attention over earlier layers: "none", "independent" or "dependent".
        mlp_bias: biases on l = 0.
        eps: of the norms in ``so2_attn_res``.
        dtype: of all parameters.
    """

    def __init__(
        self,
        frame: EdgeFrame,
        *,
        channels: int,
        n_focus: int,
        layers: int,
        so2_norm: bool,
        layer_scale: bool,
        s2_activation: bool,
        so2_attn_res: str,
        activation_function: str,
        mlp_bias: bool,
        eps: float,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.channels, self.n_focus = channels, n_focus
        self.so2_norm, self.layer_scale = so2_norm, layer_scale
        degrees = {"lmax": frame.lmax, "mmax": frame.mmax}
        width = {"channels": channels, "n_focus": n_focus, "dtype": dtype}
        hidden = layers - 1
        self.so2_linears = nn.ModuleList(
            SO2Linear(
                **degrees,
                in_channels=channels,
                out_channels=2 * channels if s2_activation and i < hidden else channels,
                n_focus=n_focus,
                mlp_bias=mlp_bias,
                dtype=dtype,
            )
            for i in range(layers)
        )
        self.non_linearities = nn.ModuleList(
            SO2GridActivation(frame, mlp_bias=mlp_bias, **width)
            if s2_activation
            else SO2Gate(
                lmax=frame.lmax,
                activation_function=activation_function,
                mlp_bias=mlp_bias,
                **width,
            )
            for _ in range(hidden)
        )
        self.so2_inter_norms = nn.ModuleList(
            ReducedEquivariantRMSNorm(**degrees, **width) for _ in range(hidden if so2_norm else 0)
        )
        self.adam_so2_layer_scales = nn.ParameterList(
            weight_parameter(n_focus, channels, dtype=dtype)
            for _ in range(layers if layer_scale else 0)
        )
        self.so2_layer_attn_res = nn.ModuleList(
            DepthAttnRes(
                channels=n_focus * channels,
                input_dependent=so2_attn_res == DEPENDENT,
                eps=eps,
                bias=mlp_bias,
                dtype=dtype,
            )
            for _ in range(0 if so2_attn_res == "none" else layers)
        )
        self.has_bias = mlp_bias and layers > 0
        self.residual_in_weight = False  # of the last layer; set by simplification

    def forward(self, local: list[Tensor], bias_factor: Tensor | None) -> list[Tensor]:
        """Messages in the layout of :mod:`.so2` -> same.

        Args:
            local: the messages.
            bias_factor: [F, S, channels], multiplies the bias of the first layer, if there is one.
        """
        sources, last = [local], len(self.so2_linears) - 1
        for i, linear in enumerate(self.so2_linears):
            if len(self.so2_layer_attn_res) > 0:
                local = self._attend(i, sources, local)
            normed = self.so2_inter_norms[i](local) if self.so2_norm and i < last else local
            mixed = self._add_bias(linear(normed), linear.bias0, bias_factor if i == 0 else None)
            if i == last and self.residual_in_weight:
                return mixed
            if i < last:
                mixed = self.non_linearities[i](mixed)
            if self.layer_scale:
                mixed = [part * self.scale(i, part.shape[2]) for part in mixed]
            sources.append(mixed)
            local = [part + update for part, update in zip(local, mixed, strict=True)]
        return local

    def _attend(self, i: int, sources: list[list[Tensor]], local: list[Tensor]) -> list[Tensor]:
        scalars = [self._scalars(source) for source in sources]
        weights = self.so2_layer_attn_res[i].weights(scalars, self._scalars(local))
        return [
            torch.stack([w * part for w, part in zip(weights, parts, strict=True)]).sum(0)
            for parts in zip(*sources, strict=True)
        ]

    def _scalars(self, local: list[Tensor]) -> Tensor:
        """l = 0 rows of all streams: [S, F * channels]."""
        return local[0][:, :, : self.channels].transpose(0, 1).flatten(1)

    def scale(self, i: int, width: int) -> Tensor:
        """Layer scale, repeated over the rows of a message: [F, 1, width]."""
        scale: Tensor = self.adam_so2_layer_scales[i]
        return scale.repeat(1, width // self.channels).unsqueeze(1)

    def _add_bias(
        self, mixed: list[Tensor], bias: Tensor | None, factor: Tensor | None
    ) -> list[Tensor]:
        """Bias on the l = 0 row; with a gated product each half of it times the factor."""
        if bias is None:
            return mixed
        by_focus = bias.reshape(self.n_focus, 1, -1)
        width = by_focus.shape[2]
        if factor is not None:
            by_focus = by_focus * factor.repeat(1, 1, width // self.channels)
        first = torch.cat([mixed[0][:, :, :width] + by_focus, mixed[0][:, :, width:]], 2)
        return [first, *mixed[1:]]
