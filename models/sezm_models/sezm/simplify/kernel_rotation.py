"""Radial kernels multiplied into the rotation to the edge frame (sezm.md 3.7.4).

Rotation and modulation act on rows alone, one after the other::

    x'[(m, p), h] = sum_l k[m, l, p] sum_m' D^l[m, m'] X[(l, m'), h]
                  = sum_d K[(m, p), d] X[d, h],      K[(m, p), (l, m')] = k[m, l, p] D^l[m, m']

so features are multiplied once, by a matrix of the size of the rotation. Each of its elements is a
single entry of a kernel times one of D. With r entries, each times a channel basis b_r[h], there
are r copies b_r X of the features, made per atom.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...neighbor_rows import rotate_sources
from ..degree_mixer import DynamicRadialDegreeMixer
from ..descriptor import SeZMDescriptor
from ..messages import RotatedSources
from ..radial_features import RadialFeatures, RadialKernels
from .constants import replace


class KernelRotation(nn.Module):
    """In place of :class:`RotatedSources` with kernels that act on all channels alike."""

    def __init__(self, plain: RotatedSources, mixer: DynamicRadialDegreeMixer) -> None:
        super().__init__()
        self.frame = plain.frame
        self.channel_basis = mixer.channel_basis
        self.kernels = _expanded(mixer, plain.frame.degree_of_packed_row)
        self.repeats = mixer.width

    def forward(self, features: Tensor, radial: RadialFeatures) -> Tensor:
        """[N, D, Ch] -> [S, M, Ch]."""
        if self.channel_basis is not None:
            copies = features.unsqueeze(1) * self.channel_basis.unsqueeze(1)
            features = copies.flatten(1, 2)  # [N, r D, Ch]
        rows = radial.edges.frames[self.frame.key].rows
        if self.repeats > 1:
            rows = torch.cat([rows] * self.repeats, 2)
        kernels = self.kernels(radial).reshape(rows.shape)
        return rotate_sources(features, kernels * rows, radial.rows)


def _expanded(mixer: DynamicRadialDegreeMixer, degree_of_packed_row: Tensor) -> RadialKernels:
    """Kernel entries by frame row, rank and packed row: [(L+1) Ch, M r D]."""
    plain, columns = mixer.kernels, []
    for m, block in enumerate(mixer.split_orders(plain.weight)):
        absent = block.new_zeros((block.shape[0], m, *block.shape[2:]))
        by_row = torch.cat([absent, block], 1).index_select(1, degree_of_packed_row)
        of_order = by_row.permute(0, 2, 3, 1).flatten(1)  # from [.., D, l_out, rank]
        columns += [of_order] if m == 0 else [of_order, of_order]
    weight = torch.cat(columns, 1)
    kernels = RadialKernels(plain.lmax, plain.channels, weight.shape[1], dtype=weight.dtype)
    kernels.weight = nn.Parameter(weight, requires_grad=False)
    return kernels


def multiply_kernels_into_rotations(descriptor: SeZMDescriptor) -> None:
    """Where a kernel acts on all channels alike."""

    def simplified(plain: RotatedSources) -> nn.Module:
        mixer = plain.radial_degree_mixer
        return plain if mixer is None or mixer.per_channel else KernelRotation(plain, mixer)

    replace(descriptor, RotatedSources, simplified)
