"""FusedTensor of e3x: a coupling of equivariant features in O(L^3), as a torch layer."""

from .layer import FusedTensor
from .parameters import read_fused_tensor

__all__ = ["FusedTensor", "read_fused_tensor"]
