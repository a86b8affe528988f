"""Feed-forward unit of the nodes (sezm.md 3.10)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activation import GatedActivation
from .degrees import packed_rows
from .grid_net import GridNet, grid_op
from .linear import SO3Linear
from .serialization import Serializable


class EquivariantFFN(Serializable):
    """channels -> hidden_channels -> channels, with a grid product or a gate between.

    Args:
        lmax: degree of the features.
        channels: C.
        hidden_channels: width of the hidden features.
        kmax: largest frame of the SO(3) grid.
        grid_mlp, grid_branch: channel mixing of the grid product; a positive branch number wins.
        s2_activation: product on the sphere.
        ffn_so3_grid: product on SO(3); wins over ``s2_activation``.
        activation_function, glu_activation: of the gated form, used without a grid.
        mlp_bias: biases on l = 0.
        dtype: of all parameters.
    """

    def __init__(
        self,
        *,
        lmax: int,
        channels: int,
        hidden_channels: int,
        kmax: int = 1,
        grid_mlp: bool = False,
        grid_branch: int = 0,
        dtype: torch.dtype,
        s2_activation: bool = False,
        ffn_so3_grid: bool = False,
        activation_function: str = "silu",
        glu_activation: bool = True,
        mlp_bias: bool = False,
    ) -> None:
        super().__init__()
        self.config = {
            "lmax": lmax,
            "channels": channels,
            "hidden_channels": hidden_channels,
            "kmax": kmax,
            "grid_mlp": grid_mlp,
            "grid_branch": grid_branch,
            "s2_activation": s2_activation,
            "ffn_so3_grid": ffn_so3_grid,
            "lebedev_quadrature": True,  # products here are exact
            "activation_function": activation_function,
            "glu_activation": glu_activation,
            "mlp_bias": mlp_bias,
        }
        self.lmax, self.hidden_channels = lmax, hidden_channels
        self.uses_grid = ffn_so3_grid or s2_activation
        self.frames = 2 * min(kmax, lmax) + 1 if ffn_so3_grid else 1
        self.glu = self.uses_grid or glu_activation
        width = self.frames * hidden_channels
        linear = {"lmax": lmax, "dtype": dtype, "mlp_bias": mlp_bias}
        self.so3_linear_1 = SO3Linear(
            in_channels=channels, out_channels=(2 if self.glu else 1) * width, **linear
        )
        if self.uses_grid:
            self.act: nn.Module = GridNet(
                packed_rows(lmax),
                channels=hidden_channels,
                kmax=min(kmax, lmax) if ffn_so3_grid else None,
                op=grid_op(grid_mlp, grid_branch),
                n_branches=grid_branch,
                mlp_bias=mlp_bias,
                dtype=dtype,
            )
        else:
            self.act = GatedActivation(
                lmax=lmax,
                channels=hidden_channels,
                dtype=dtype,
                activation_function=activation_function,
                mlp_bias=mlp_bias,
            )
        self.so3_linear_2 = SO3Linear(in_channels=width, out_channels=channels, **linear)

    def forward(self, x: Tensor) -> Tensor:
        """[N, (lmax+1)^2, 1, C] -> same."""
        hidden = self.so3_linear_1(x)
        if self.uses_grid:
            left, right = hidden.unflatten(3, (2, self.frames, -1)).unbind(3)
            hidden = self.act(left, right)
        elif self.glu:
            value, gate = hidden.chunk(2, -1)
            hidden = self.act(value, gate)
        else:
            hidden = self.act(hidden)
        return self.so3_linear_2(hidden)

    def scalars(self, x: Tensor) -> Tensor:
        """Only the l = 0 row of :meth:`forward`: [N, 1, 1, C]."""
        return self.forward(x)[:, :1]
