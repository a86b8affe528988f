"""Stage 1: everything that depends on the edge vectors alone (sezm.md 3.2, 3.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..neighbor_rows import NeighborRows
from .bridging import BridgingWindow, atom_gate, clamp_distance
from .edge_frame import EdgeFrame, FrameKey, FrameRotation
from .radial import RadialBasis, RadialMLP, cutoff_envelope
from .wigner import WignerRows


class EdgeGeometry(NamedTuple):
    """Per slot; S slots.

    Attributes:
        weight: [S, 1] edge envelope w(r); exactly 0 at and beyond the cutoff.
        gate: [S, 1] bridging gate of the source atom, or None without bridging.
        direction: [S, 3] unit vectors.
        inverse_length: [S, 1].
        basis: [S, n_radial] enveloped radial basis.
        radial: [S, (lmax+1) C] radial network, degree-major, times w(r) from version 1.1 on; of a
            simplified model [S, hidden] without the network's last layer.
        zonal: [S, (lmax+1)^2] zonal harmonics, the row m' = 0 of the Wigner matrices.
        frames: rotations to the frames of the blocks.
    """

    weight: Tensor
    gate: Tensor | None
    direction: Tensor
    inverse_length: Tensor
    basis: Tensor
    radial: Tensor
    zonal: Tensor
    frames: Mapping[FrameKey, FrameRotation]


class EdgeGeometryStage(nn.Module):
    """Edge vectors to :class:`EdgeGeometry`.

    Parameters live with their owners in the checkpoint (``radial_basis``, ``radial_embedding``) and
    are passed to the call.
    """

    def __init__(
        self,
        *,
        lmax: int,
        frames: Sequence[EdgeFrame],
        rcut: float,
        exponent: int,
        eps: float,
        radial_uses_weight: bool,
        window: BridgingWindow | None,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.eps, self.exponent, self.window = eps, exponent, window
        # The trainer keeps this radius in float32, whatever the model's precision.
        self.rcut = float(np.float32(rcut))
        self.radial_uses_weight = radial_uses_weight
        mmax = max((frame.mmax for frame in frames), default=0)
        self.wigner_rows = WignerRows(lmax, mmax, dtype=dtype)
        self.frames = nn.ModuleList({frame.key: frame for frame in frames}.values())

    def atom_gate(self, rows: NeighborRows) -> Tensor | None:
        """Bridging gates [N, 1], or None without bridging."""
        if self.window is None:
            return None
        return atom_gate(clamp_distance(self._length(rows.vec), self.window), rows, self.window)

    def forward(
        self, rows: NeighborRows, gate: Tensor | None, basis: RadialBasis, network: RadialMLP
    ) -> EdgeGeometry:
        """Geometry of all slots; ``gate`` [A, 1] of all atoms, ghosts included."""
        vec = rows.vec
        r = self._length(vec)
        if self.window is not None:
            clamped = clamp_distance(r, self.window)
            vec, r = vec * (clamped / r), clamped
        inverse_length = 1.0 / self._length(vec)
        direction = vec * inverse_length
        weight = cutoff_envelope(r, self.rcut, self.exponent)
        radial_basis = basis(r)
        # Below version 1.1 the radial features are not weighted; edges beyond the cutoff still
        # vanish.
        factor = weight if self.radial_uses_weight else (weight > 0).to(weight.dtype)
        wigner = self.wigner_rows(direction)
        return EdgeGeometry(
            weight=weight,
            gate=None if gate is None else gate.index_select(0, rows.source),
            direction=direction,
            inverse_length=inverse_length,
            basis=radial_basis,
            radial=network(radial_basis) * factor,
            zonal=wigner[:, 0],
            frames=self._rotations(wigner),
        )

    def _rotations(self, wigner: Tensor) -> dict[FrameKey, FrameRotation]:
        frames: Iterable[EdgeFrame] = self.frames
        return {frame.key: frame.rotation(wigner) for frame in frames}

    def _length(self, vec: Tensor) -> Tensor:
        """sqrt(|v|^2 + eps^2): [S, 1]."""
        return torch.sqrt((vec * vec).sum(1, keepdim=True) + self.eps**2)
