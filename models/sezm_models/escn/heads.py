"""Energy and force of an atom, from its features at points of the sphere (escn.md, Blocks)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import silu

from .config import ESCNConfig


class _PointNetwork(nn.Module):
    """C -> C -> C -> 1 at every point."""

    def __init__(self, config: ESCNConfig) -> None:
        super().__init__()
        channels = config.sphere_channels
        self.fc1 = nn.Linear(channels, channels)
        self.fc2 = nn.Linear(channels, channels)
        self.fc3 = nn.Linear(channels, 1, bias=False)

    def at_points(self, x_pt: Tensor) -> Tensor:
        """[N, G, C] -> [N, G, 1]."""
        return self.fc3(silu(self.fc2(silu(self.fc1(x_pt)))))


class EnergyBlock(_PointNetwork):
    """Energy of each atom, in thousands of the model's unit."""

    def forward(self, x_pt: Tensor) -> Tensor:
        """[N, G, C] -> [N]."""
        return self.at_points(x_pt).mean((1, 2))


class ForceBlock(_PointNetwork):
    """Force on each atom."""

    def forward(self, x_pt: Tensor, sphere_points: Tensor) -> Tensor:
        """[N, G, C] and points [G, 3] -> [N, 3]."""
        return (self.at_points(x_pt) * sphere_points).mean(1)
